import type { Api } from "@/api/client";
import { colour, STEP_STATES } from "@/lib/states";
import { plural } from "@/lib/units";

/** How many steps of a run stand where, as parts of a bar; in words for who points at it or does not see it. */
export function StepsBar({ steps }: { steps: Api<"StepCounts"> }) {
  const total = STEP_STATES.reduce((sum, state) => sum + steps[state], 0);
  const words = STEP_STATES.filter((state) => steps[state] > 0).map((state) => `${steps[state]} ${state}`);
  const done = total - steps.waiting - steps.running;
  return (
    <span className="flex min-w-0 items-center gap-2 whitespace-nowrap" title={words.join(", ")}>
      <span className="flex h-1.5 w-16 shrink-0 overflow-hidden rounded-full bg-sunken" aria-hidden>
        {STEP_STATES.filter((state) => state !== "waiting" && steps[state] > 0).map((state) => (
          <span
            key={state}
            style={{ width: `${(steps[state] / total) * 100}%`, background: colour(state) }}
          />
        ))}
      </span>
      <span className="tabular text-xs text-muted">
        {done < total ? `${done}/${total}` : plural(total, "step")}
        {steps.failed > 0 && <span className="text-failed"> · {steps.failed} failed</span>}
      </span>
      <span className="sr-only">{words.join(", ")}</span>
    </span>
  );
}
