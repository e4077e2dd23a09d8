/** States: their words, order and meaning, for runs, steps and attempts alike. */

import type { Api } from "@/api/client";

export type RunState = Api<"RunState">;
export type StepState = Api<"StepState">;
/** Every state that something can be shown in. */
export type State = RunState | StepState | Api<"AttemptState">;

export const RUN_STATES: RunState[] = ["queued", "running", "succeeded", "failed", "cancelled"];
export const STEP_STATES: StepState[] = ["running", "failed", "waiting", "succeeded", "skipped", "cancelled"];

/** The colour of a state is that of its tone. */
export type Tone = "succeeded" | "failed" | "running" | "waiting" | "skipped" | "cancelled";

const TONES: Record<State, Tone> = {
  queued: "waiting",
  waiting: "waiting",
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  lost: "failed",
  skipped: "skipped",
  cancelled: "cancelled",
};

export function tone(state: State): Tone {
  return TONES[state];
}

/** `var(--failed)`. */
export function colour(state: State): string {
  return `var(--${tone(state)})`;
}

export function softColour(state: State): string {
  return `var(--${tone(state)}-soft)`;
}

/** The word for where a run stands, which its state alone does not tell. */
export function runWord(run: Pick<Api<"RunSummary">, "state" | "interrupted" | "cancel_requested">): string {
  if (run.cancel_requested && !hasEnded(run.state)) return "cancelling";
  return run.interrupted ? "interrupted" : run.state;
}

/** Whether a run or step stays as it is. */
export function hasEnded(state: State): boolean {
  return state !== "queued" && state !== "waiting" && state !== "running";
}
