/** What the latest runs of a pipeline come to, in a few numbers. */

import { max, median } from "d3-array";
import type { Api } from "@/api/client";
import { hasEnded, RUN_STATES, type RunState } from "@/lib/states";
import { duration } from "@/lib/time";
import { percent, plural } from "@/lib/units";

export type RunBrief = Api<"RunBrief">;

export interface Summary {
  /** How many of the runs stand where. */
  counts: Record<RunState, number>;
  /** Of those that came to a result; one that was cancelled has none. */
  judged: number;
  /** From 0 to 1; nothing while no run came to a result. */
  rate: number | undefined;
  /** What the middle one of the ended runs took, in milliseconds. */
  typical: number | undefined;
}

export function summarise(runs: readonly RunBrief[]): Summary {
  const counts: Summary["counts"] = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
  for (const run of runs) counts[run.state] += 1;
  const judged = counts.succeeded + counts.failed;
  return {
    counts,
    judged,
    rate: judged === 0 ? undefined : counts.succeeded / judged,
    typical: median(runs.filter((run) => hasEnded(run.state)).map((run) => run.duration_ms)),
  };
}

/** `12 succeeded, 1 failed`. */
export function countWords(counts: Summary["counts"]): string {
  const said = RUN_STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return said.length > 0 ? said.join(", ") : "none";
}

/** `93 %` of those that came to a result. */
export function rateWords({ counts, judged }: Summary): string {
  return percent(counts.succeeded, judged);
}

/** What bars of runs say to who does not see them. */
export function barsWords(runs: readonly RunBrief[]): string {
  const { counts, typical } = summarise(runs);
  const took = typical === undefined ? "" : `; typically ${duration(typical)}`;
  return `Latest ${plural(runs.length, "run")}: ${countWords(counts)}${took}`;
}

/** How high the bar of each run is, from `least` to 1, by its duration. A run that goes on has the height of the longest. */
export function barHeights(runs: readonly RunBrief[], least: number): number[] {
  const longest = max(runs, (run) => run.duration_ms ?? 0) ?? 0;
  return runs.map((run) => {
    if (run.state === "queued") return least;
    if (run.duration_ms === undefined || run.duration_ms === null) return hasEnded(run.state) ? least : 1;
    return longest === 0 ? least : least + (1 - least) * (run.duration_ms / longest);
  });
}
