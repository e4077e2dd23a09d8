import { Duration } from "@/components/Time";
import { hasEnded } from "@/lib/states";
import { durationOf, type Step, startOf } from "./steps";

/** How long a step took, or takes. */
export function StepDuration({ step }: { step: Step }) {
  const from = startOf(step);
  if (from === undefined) return "–";
  return hasEnded(step.state) ? (
    <Duration ms={durationOf(step, 0)} />
  ) : (
    <Duration from={new Date(from).toISOString()} />
  );
}
