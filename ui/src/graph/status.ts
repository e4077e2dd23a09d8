import type { StepState } from "@/lib/states";

/** How a step stands in a run, as far as a graph shows it. */
export interface StepStatus {
  state: StepState;
  /** A word or two below the name: how long it took, what it does. */
  detail?: string;
  items?: { total: number; succeeded: number; failed: number; running: number };
  /** Whether an earlier result was taken. */
  cached?: boolean;
  /** Why it waits, was skipped or failed. */
  why?: string;
}

export function sameStatus(one: StepStatus | undefined, other: StepStatus | undefined): boolean {
  return (
    one === other ||
    (one !== undefined &&
      other !== undefined &&
      one.state === other.state &&
      one.detail === other.detail &&
      one.cached === other.cached &&
      one.why === other.why &&
      one.items?.total === other.items?.total &&
      one.items?.succeeded === other.items?.succeeded &&
      one.items?.failed === other.items?.failed &&
      one.items?.running === other.items?.running)
  );
}
