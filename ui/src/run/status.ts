/** How the graph shows a step, from what is known of it. */

import type { StepStatus } from "@/graph/status";
import { duration } from "@/lib/time";
import { count, percent } from "@/lib/units";
import { durationOf, failureOf, isReused, type Step } from "./steps";

/** How far a step says that it is. */
export interface Progress {
  done: number;
  total?: number | undefined;
  message: string;
}

export function stepStatus(step: Step, progress: Progress | undefined): StepStatus {
  const status: StepStatus = { state: step.state };
  const detail = detailOf(step, progress);
  const why = whyOf(step);
  if (detail) status.detail = detail;
  if (why) status.why = why;
  if (isReused(step)) status.cached = true;
  if (step.items) {
    const { total, succeeded, failed, running } = step.items;
    status.items = { total, succeeded, failed, running };
  }
  return status;
}

/** Why it waits, did not run, or failed: in the host's words. */
export function whyOf(step: Step): string | undefined {
  return (
    step.reason?.message ??
    step.waits?.message ??
    (step.state === "failed" ? failureOf(step)?.message : undefined)
  );
}

function detailOf(step: Step, progress: Progress | undefined): string | undefined {
  if (step.state === "running") {
    if (progress) return progressWords(progress);
    const attempt = step.items ? undefined : step.attempts.at(-1)?.attempt;
    return attempt && attempt > 1 ? `attempt ${attempt} of ${step.max_attempts ?? attempt}` : undefined;
  }
  if (step.state === "waiting") {
    const failed = step.attempts.length;
    return failed > 0 ? `attempt ${failed + 1} of ${step.max_attempts ?? failed + 1} follows` : undefined;
  }
  if (isReused(step)) return step.cache?.result === "hit" ? "from the cache" : "taken over";
  const took = durationOf(step, 0);
  if (took === undefined) return undefined;
  const tries = step.items ? 1 : step.attempts.length;
  return tries > 1 ? `${duration(took)}, ${tries} attempts` : duration(took);
}

/** `40 %`, `1,200`, with what the step says of it. */
export function progressWords({ done, total, message }: Progress): string {
  const far = total ? percent(done, total) : count(done);
  return message ? `${far} · ${message}` : far;
}
