import clsx from "clsx";
import type { Api } from "@/api/client";
import { StateBadge } from "@/components/StateBadge";
import { Duration, Time } from "@/components/Time";
import { duration } from "@/lib/time";
import { bytes, plural } from "@/lib/units";
import type { Step } from "../steps";
import { useRunPlace } from "../useRunPlace";
import { Part, Words } from "./parts";

/** The tries at a step, with what each used and why it failed. */
export function Attempts({ step }: { step: Step }) {
  const { attempts, max_attempts, attempts_omitted } = step;
  const most = max_attempts ? ` of at most ${max_attempts}` : "";
  return (
    <Part title={`${plural(attempts.length, "attempt")}${most}`}>
      <ol className="divide-y rounded-md border">
        {attempts.map((attempt, index) => (
          <Attempt key={attempt.name} attempt={attempt} last={index === attempts.length - 1} />
        ))}
      </ol>
      {attempts_omitted ? (
        <p className="mt-1 text-xs text-muted">{plural(attempts_omitted, "attempt")} more are not listed.</p>
      ) : null}
    </Part>
  );
}

function Attempt({ attempt, last }: { attempt: Api<"AttemptView">; last: boolean }) {
  const change = useRunPlace();
  const { usage, failure, reused } = attempt;
  return (
    <li className={clsx("flex flex-col gap-0.5 px-2.5 py-1.5", !last && "text-muted")}>
      <span className="tabular flex flex-wrap items-center gap-x-3 gap-y-0.5">
        <span className="w-4 text-right font-medium text-text">{attempt.attempt}</span>
        <StateBadge state={attempt.state} />
        <Time at={attempt.started_at} />
        <Duration
          ms={attempt.finished_at ? Date.parse(attempt.finished_at) - Date.parse(attempt.started_at) : null}
          from={attempt.started_at}
        />
        <button
          type="button"
          className="ml-auto text-accent hover:underline"
          onClick={() => change({ part: "logs", attempt: attempt.attempt, line: undefined })}
        >
          Log<span className="sr-only"> of attempt {attempt.attempt}</span>
        </button>
      </span>
      {usage && !reused && (
        <p className="tabular pl-7 text-xs text-muted">
          {duration(usage.cpu_us / 1_000)} processor · {bytes(usage.memory_bytes)} memory
          {usage.log_lines > 0 && ` · ${plural(usage.log_lines, "line")} of log`}
        </p>
      )}
      {failure && !last && (
        <p className="line-clamp-3 pl-7 text-xs break-words">
          <Words text={failure.message.slice(0, 500)} />
        </p>
      )}
      {attempt.retry_at && (
        <p className="pl-7 text-xs text-muted">
          tried again <Time at={String(attempt.retry_at)} />
        </p>
      )}
    </li>
  );
}
