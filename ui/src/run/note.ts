/** What stands below a step in a list: how far it is, or why it is as it is. */

import { count } from "@/lib/units";
import { type Progress, progressWords, whyOf } from "./status";
import type { Step } from "./steps";

export interface Note {
  words: string;
  /** How much is done, from 0 to 1, where that is known. */
  part?: number;
}

/** The host caps its own messages, but guests write some of them. */
const MAX_WORDS = 300;

export function noteOf(step: Step, progress: Progress | undefined): Note | undefined {
  const { items, state } = step;
  if (state === "running" && progress) {
    const { done, total } = progress;
    return { words: cut(progressWords(progress)), ...(total ? { part: within(done / total) } : {}) };
  }
  if (state === "running" && items && items.total > 0) {
    const done = items.total - items.running - items.waiting;
    const failed = items.failed > 0 ? `, ${count(items.failed)} failed` : "";
    return {
      words: `${count(done)} of ${count(items.total)} items${failed}`,
      part: within(done / items.total),
    };
  }
  const why = whyOf(step);
  return why ? { words: cut(why) } : undefined;
}

function cut(words: string): string {
  return words.slice(0, MAX_WORDS);
}

/** Steps may say that more is done than there is. */
function within(part: number): number {
  return Math.min(1, Math.max(0, part));
}
