import { Clock, Info } from "lucide-react";
import type { Api } from "@/api/client";
import { Code } from "@/components/layout";
import { useNow } from "@/components/Time";
import { duration } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";
import type { Step } from "../steps";
import { useOpenStep } from "../useRunPlace";
import { Part, Words } from "./parts";
import { capital, withLocalTimes } from "./wording";

/** Why it waits, or did not run; what its conditions read. */
export function Why({ step }: { step: Step }) {
  const { reason, waits } = step;
  const values = [...(reason?.values ?? []), ...(step.values ?? [])];
  const steps = reason?.step ? [reason.step] : (waits?.steps ?? []);
  const why = reason ?? waits;
  const { zone } = usePreferences();
  return (
    <>
      {why && (
        <div className="flex gap-2 rounded-md bg-sunken px-3 py-2">
          {waits ? (
            <Clock size={15} className="mt-0.5 shrink-0 text-waiting" aria-hidden />
          ) : (
            <Info size={15} className="mt-0.5 shrink-0 text-skipped" aria-hidden />
          )}
          <div className="min-w-0 flex-1">
            <h3 className="font-medium">
              {waits ? "Waits" : step.state === "cancelled" ? "Cancelled" : "Skipped"}
            </h3>
            <p className="break-words">
              <Words text={capital(withLocalTimes(why.message.slice(0, 2_000), zone))} />
              {waits?.until && <Countdown until={String(waits.until)} />}
            </p>
            <StepLinks names={steps} />
          </div>
        </div>
      )}
      {values.length > 0 && (
        <Part title={reason ? "What the condition read" : "What its conditions read"}>
          <Values values={values} />
        </Part>
      )}
    </>
  );
}

function Countdown({ until }: { until: string }) {
  const left = Date.parse(until) - useNow();
  if (Number.isNaN(left)) return null;
  return (
    <span className="tabular text-muted">
      {" "}
      · {left > 0 ? `in ${duration(Math.ceil(left / 1_000) * 1_000)}` : "now"}
    </span>
  );
}

export function StepLinks({ names }: { names: readonly string[] }) {
  const open = useOpenStep();
  if (names.length === 0) return null;
  return (
    <span className="flex flex-wrap gap-x-3">
      {names.map((name) => (
        <button
          key={name}
          type="button"
          className="max-w-full truncate text-accent hover:underline"
          onClick={() => open(name)}
        >
          {name}
        </button>
      ))}
    </span>
  );
}

function Values({ values }: { values: readonly Api<"ReadValue">[] }) {
  return (
    <ul className="divide-y rounded-md border">
      {values.map(({ path, value }) => (
        <li key={path} className="flex items-baseline gap-3 px-2.5 py-1.5">
          <Code className="min-w-0 flex-1 text-muted">{path}</Code>
          <Code className="max-w-[60%] min-w-0 text-right">{value.slice(0, 500)}</Code>
        </li>
      ))}
    </ul>
  );
}
