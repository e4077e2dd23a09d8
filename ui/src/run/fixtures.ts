/** Runs and steps for tests. */

import type { Api } from "@/api/client";
import type { Step } from "./steps";

export function step(name: string, more: Partial<Step> = {}): Step {
  return { name, uses: "module/step", state: "succeeded", attempts: [], ...more };
}

const BEGAN = Date.parse("2026-01-01T00:00:00.000Z");

/** So many milliseconds after the run began. */
export function at(milliseconds: number): string {
  return new Date(BEGAN + milliseconds).toISOString();
}

export function attempt(number: number, more: Partial<Api<"AttemptView">> = {}): Api<"AttemptView"> {
  return {
    name: `runs/r/step/${number}`,
    attempt: number,
    state: "succeeded",
    started_at: at(0),
    finished_at: at(10),
    ...more,
  };
}

export function usage(more: Partial<Api<"UsageView">> = {}): Api<"UsageView"> {
  return { wall_us: 0, cpu_us: 0, memory_bytes: 0, log_lines: 0, log_lines_dropped: 0, ...more };
}

export function detail(steps: Step[], more: Partial<Api<"RunSummary">> = {}): Api<"RunDetail"> {
  const counts = { waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { state } of steps) counts[state] += 1;
  return {
    run: { id: "r", pipeline: "p", state: "succeeded", created_at: at(0), steps: counts, ...more },
    events: 0,
    plan: "plan",
    params: [],
    steps,
  };
}
