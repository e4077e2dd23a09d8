import { CircleAlert } from "lucide-react";
import { useState } from "react";
import type { Api } from "@/api/client";
import { CopyButton } from "@/components/CopyButton";
import { Tag } from "@/components/layout";
import { Plain } from "@/values/Plain";
import { advice, kindWords } from "../failures";
import { Words } from "./parts";
import { capital } from "./wording";

/** How much of a message is laid out unasked. */
const SHORT = 600;

/** What went wrong, what lies behind it, and what to do next: nothing, if it is tried again. */
export function FailureBox({ failure, again }: { failure: Api<"FailureView">; again?: boolean }) {
  const { kind, message, causes = [] } = failure;
  return (
    <div className="rounded-md border border-failed/40 bg-failed-soft px-3 py-2">
      <div className="flex items-start gap-2">
        <CircleAlert size={15} className="mt-0.5 shrink-0 text-failed" aria-hidden />
        <div className="min-w-0 flex-1">
          <h3 className="font-medium text-failed">{capital(kindWords(kind))}</h3>
          <Long text={message} />
        </div>
        <CopyButton text={[message, ...causes].join("\n  because ")} label="Copy the error" />
      </div>
      {causes.length > 0 && (
        <ol className="mt-2 flex flex-col gap-1 border-l-2 border-failed/40 pl-3" aria-label="Causes">
          {causes.slice(0, 20).map((cause, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: causes stay in their order
            <li key={index} className="flex min-w-0 items-start gap-2">
              <Tag>because</Tag>
              <div className="min-w-0 flex-1">
                <Long text={cause} />
              </div>
            </li>
          ))}
        </ol>
      )}
      <p className="mt-2 border-t border-failed/20 pt-2">
        <span className="font-medium">Next: </span>
        <Words text={again ? "It is tried again by itself." : advice(kind)} />
      </p>
    </div>
  );
}

function Long({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const isLong = text.length > SHORT;
  return (
    <>
      <p className="font-mono text-xs break-words whitespace-pre-wrap">
        <Plain text={all || !isLong ? text.slice(0, 20_000) : `${text.slice(0, SHORT)}…`} />
      </p>
      {isLong && (
        <button type="button" className="text-xs text-accent hover:underline" onClick={() => setAll(!all)}>
          {all ? "Show less" : "Show all"}
        </button>
      )}
    </>
  );
}
