/** What a row of a step says, and how rows are sorted and filtered. */

import type { Api } from "@/api/client";
import { hasEnded, STEP_STATES, type StepState } from "@/lib/states";

export type Step = Api<"StepView">;

export const SORT_KEYS = [
  "name",
  "uses",
  "state",
  "attempts",
  "duration",
  "memory",
  "cpu",
  "output",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export type Sort = SortKey | `-${SortKey}`;

/** What its last finished attempt used, or its items together. */
export function usageOf(step: Step): Api<"UsageView"> | undefined {
  if (step.items) return step.items.usage ?? undefined;
  return step.attempts.findLast((attempt) => attempt.usage)?.usage ?? undefined;
}

/** Why it failed, or its last attempt did. */
export function failureOf(step: Step): Api<"FailureView"> | undefined {
  return step.failure ?? step.attempts.at(-1)?.failure ?? undefined;
}

/** How many attempts there were, also those that the host does not list. */
export function attemptCount(step: Step): number {
  const listed = step.attempts.reduce((sum, attempt) => sum + (attempt.items?.count ?? 1), 0);
  return listed + (step.attempts_omitted ?? 0);
}

/** Whether nothing of it ran: its result is that of an earlier attempt. */
export function isReused(step: Step): boolean {
  return (
    step.state === "succeeded" &&
    (step.cache?.result === "hit" || (step.carried_from != null && step.attempts.length === 0))
  );
}

/** When its first attempt began, in milliseconds. */
export function startOf(step: Step): number | undefined {
  let first: number | undefined;
  for (const attempt of step.attempts) {
    const at = Date.parse(attempt.started_at);
    if (first === undefined || at < first) first = at;
  }
  return first;
}

/** When its last attempt ended; nothing while it may go on. */
export function endOf(step: Step): number | undefined {
  if (!hasEnded(step.state)) return undefined;
  let last: number | undefined;
  for (const { finished_at } of step.attempts) {
    if (!finished_at) continue;
    const at = Date.parse(finished_at);
    if (last === undefined || at > last) last = at;
  }
  return last;
}

/** From the beginning of its first attempt to the end of its last, or to now. */
export function durationOf(step: Step, now: number): number | undefined {
  const start = startOf(step);
  if (start === undefined) return undefined;
  const end = hasEnded(step.state) ? endOf(step) : now;
  return end === undefined ? undefined : Math.max(0, end - start);
}

export function outputBytes({ output }: Step): number | undefined {
  return output ? outputBytesOf(output) : undefined;
}

/** A value and its files together. */
export function outputBytesOf({ files, size_bytes }: Api<"OutputView">): number {
  return (files ?? []).reduce((sum, file) => sum + file.size_bytes, size_bytes);
}

export interface StepFilter {
  state?: StepState | undefined;
  text?: string | undefined;
}

/** Those whose name or module has the text in it, and that are in the state. */
export function filterSteps(steps: Step[], { state, text }: StepFilter): Step[] {
  const wanted = text?.trim().toLowerCase();
  return steps.filter(
    (step) =>
      (!state || step.state === state) &&
      (!wanted || step.name.toLowerCase().includes(wanted) || step.uses.toLowerCase().includes(wanted)),
  );
}

/** Sorted; as the pipeline has them, where nothing is said. What a step does not have comes last, either way. */
export function sortSteps(steps: Step[], sort: Sort | undefined, now: number): Step[] {
  if (!sort) return steps;
  const down = sort.startsWith("-");
  const key = (down ? sort.slice(1) : sort) as SortKey;
  const rows = steps.map((step) => ({ step, value: sortValue(step, key, now) }));
  rows.sort((one, other) => {
    if (one.value === undefined || other.value === undefined) {
      return Number(one.value === undefined) - Number(other.value === undefined);
    }
    const order =
      typeof one.value === "string"
        ? one.value.localeCompare(String(other.value))
        : one.value - Number(other.value);
    return down ? -order : order;
  });
  return rows.map(({ step }) => step);
}

function sortValue(step: Step, key: SortKey, now: number): string | number | undefined {
  switch (key) {
    case "name":
      return step.name;
    case "uses":
      return step.uses;
    case "state":
      return STEP_STATES.indexOf(step.state);
    case "attempts":
      return attemptCount(step) || undefined;
    case "duration":
      return durationOf(step, now);
    case "memory":
      return usageOf(step)?.memory_bytes || undefined;
    case "cpu":
      return usageOf(step)?.cpu_us || undefined;
    case "output":
      return outputBytes(step);
  }
}

/** What sorting by a column does next: from the smallest, from the largest, not at all. */
export function nextSort(sort: Sort | undefined, key: SortKey): Sort | undefined {
  if (sort === key) return `-${key}`;
  return sort === `-${key}` ? undefined : key;
}

/** How many steps are in each state. */
export function countStates(steps: Step[]): Map<StepState, number> {
  const counts = new Map<StepState, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
