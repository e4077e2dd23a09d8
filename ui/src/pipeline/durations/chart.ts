/** Durations over time, laid out in pixels. */

import { max, median } from "d3-array";
import { scaleBand, scaleLinear } from "d3-scale";
import type { Api } from "@/api/client";
import { hasEnded, type RunState } from "@/lib/states";

export const MARGIN = { top: 12, right: 12, bottom: 28, left: 64 } as const;

export interface Bar {
  id: string;
  state: RunState;
  created_at: string;
  duration_ms: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Chart {
  bars: Bar[];
  ticks: { value: number; y: number }[];
  /** Some runs by their times, as far apart as their labels need. */
  times: { at: string; x: number }[];
  /** The middle duration, and where its line is. */
  median: { value: number; y: number } | undefined;
}

/** How much room the label of a time needs. */
const TIME_LABEL = 130;

/** Steps between ticks that read well as durations. */
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 43_200_000, 86_400_000,
];

/** Lays out the runs that took some time, of those given newest first. */
export function layoutChart(runs: readonly Api<"RunSummary">[], width: number, height: number): Chart {
  const ended = runs.filter((run) => hasEnded(run.state) && typeof run.duration_ms === "number").toReversed();
  const longest = max(ended, (run) => run.duration_ms ?? 0) ?? 0;
  const ticks = durationTicks(longest);
  const x = scaleBand(
    ended.map((run) => run.id),
    [MARGIN.left, Math.max(MARGIN.left + 1, width - MARGIN.right)],
  ).paddingInner(0.25);
  const bottom = height - MARGIN.bottom;
  const y = scaleLinear([0, Math.max(longest, ticks.at(-1) ?? 0, 1)], [bottom, MARGIN.top]);
  // A few runs are not stretched over the whole width.
  const bar = Math.min(x.bandwidth(), 28);
  const bars = ended.map((run): Bar => {
    const top = Math.min(y(run.duration_ms ?? 0), bottom - 2);
    return {
      id: run.id,
      state: run.state,
      created_at: run.created_at,
      duration_ms: run.duration_ms ?? 0,
      x: (x(run.id) ?? 0) + (x.bandwidth() - bar) / 2,
      y: top,
      width: bar,
      height: bottom - top,
    };
  });
  const middle = median(ended, (run) => run.duration_ms ?? 0);
  return {
    bars,
    ticks: ticks.map((value) => ({ value, y: y(value) })),
    times: timeLabels(bars),
    median: middle === undefined || ended.length < 2 ? undefined : { value: middle, y: y(middle) },
  };
}

/** From nothing to the longest, in up to five steps. */
export function durationTicks(longest: number): number[] {
  if (longest <= 0) return [0];
  const step = STEPS.find((step) => longest / step <= 5) ?? Math.ceil(longest / 5 / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.ceil(longest / step) + 1 }, (_, index) => index * step);
}

function timeLabels(bars: readonly Bar[]): Chart["times"] {
  const labels: Chart["times"] = [];
  for (const { created_at, x, width } of bars) {
    const last = labels.at(-1);
    const middle = x + width / 2;
    if (!last || middle - last.x >= TIME_LABEL) labels.push({ at: created_at, x: middle });
  }
  return labels;
}
