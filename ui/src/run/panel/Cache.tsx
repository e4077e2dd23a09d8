import { Link } from "@tanstack/react-router";
import { Recycle } from "lucide-react";
import type { Api } from "@/api/client";
import { Code, Tag } from "@/components/layout";
import { readAttemptName, shortId } from "../attempts";
import type { Step } from "../steps";
import { Part, Words } from "./parts";
import { capital } from "./wording";

const RESULTS: Record<Api<"CacheResult">, string> = {
  hit: "hit",
  partial: "partly hit",
  miss: "miss",
  off: "not cached",
};

/** Whether an earlier result was taken, from where, and if not why. */
export function Cache({ step }: { step: Step }) {
  const { cache, carried_from } = step;
  if (!cache && !carried_from) return null;
  const origin = cache?.reused_from ?? carried_from;
  return (
    <Part title="Cache">
      {cache && (
        <p className="flex items-start gap-2">
          <Tag>{RESULTS[cache.result]}</Tag>
          <span className="min-w-0 flex-1 break-words">
            <Words
              text={
                cache.reused_from ? "Nothing ran: an earlier result was taken." : `${capital(cache.message)}.`
              }
            />
          </span>
        </p>
      )}
      {origin && <Origin name={origin} carried={!cache?.reused_from} />}
      {cache && (cache.changes?.length ?? 0) > 0 && <Changes changes={cache.changes ?? []} />}
      {cache && (cache.parts?.length ?? 0) > 0 && <Key parts={cache.parts ?? []} />}
    </Part>
  );
}

function Origin({ name, carried }: { name: string; carried: boolean }) {
  const attempt = readAttemptName(name);
  return (
    <p className="mt-1 flex items-center gap-1.5">
      <Recycle size={14} className="shrink-0 text-succeeded" aria-hidden />
      {carried ? "Taken over from" : "Computed by"}{" "}
      {attempt ? (
        <Link
          to="/runs/$run"
          params={{ run: attempt.run }}
          search={{ step: attempt.step, ...(attempt.item === undefined ? {} : { item: attempt.item }) }}
          className="text-accent hover:underline"
        >
          attempt {attempt.attempt}
          {attempt.item === undefined ? "" : ` at item ${attempt.item}`} of run{" "}
          <Code>{shortId(attempt.run)}</Code>
        </Link>
      ) : (
        <Code>{name}</Code>
      )}
    </p>
  );
}

function Changes({ changes }: { changes: Api<"ChangeView">[] }) {
  return (
    <ul className="mt-2 divide-y rounded-md border" aria-label="What changed">
      {changes.map(({ part, before, now, message }) => (
        <li key={part} className="px-2.5 py-1.5" title={message}>
          <Code className="font-medium">{part}</Code>
          <span className="flex flex-wrap items-baseline gap-x-2 text-xs text-muted">
            <Code className="line-through">{before ? before.slice(0, 100) : "nothing"}</Code>
            <span aria-hidden>→</span>
            <span className="sr-only">became</span>
            <Code className="text-text">{now ? now.slice(0, 100) : "nothing"}</Code>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Key({ parts }: { parts: Api<"KeyPart">[] }) {
  return (
    <details className="mt-1">
      <summary className="text-xs text-muted hover:text-text">What the key is made of</summary>
      <dl className="mt-1 rounded-md border px-2.5 py-1 text-xs">
        {parts.map(({ name, value }) => (
          <div key={name} className="flex gap-3 py-0.5">
            <dt className="w-32 shrink-0 truncate text-muted" title={name}>
              <Code>{name}</Code>
            </dt>
            <dd className="min-w-0 flex-1">
              <Code>{value.slice(0, 200)}</Code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
