/** Runs as bars, drawn with one path for each state: lists show thousands of them. */

import type { RunState } from "@/lib/states";
import { barHeights, type RunBrief } from "./summary";

export const BAR = 5;
const GAP = 1;
export const HEIGHT = 22;
/** Of a bar, whatever its run took. */
const LEAST = 0.2;

export function barsWidth(count: number): number {
  return Math.max(0, count * (BAR + GAP) - GAP);
}

/** The bars of runs from left to right, as paths by state. Not by colour alone: a bar of what failed has a hat. */
export function barPaths(runs: readonly RunBrief[]): [RunState, string][] {
  const paths = new Map<RunState, string>();
  barHeights(runs, LEAST).forEach((part, index) => {
    const state = runs[index]?.state ?? "queued";
    const left = index * (BAR + GAP);
    const top = Math.round((1 - part) * HEIGHT);
    const bar =
      state === "failed"
        ? `M${left} ${top}h${BAR}v1h-${BAR}zM${left} ${top + 2}h${BAR}V${HEIGHT}h-${BAR}z`
        : `M${left} ${top}h${BAR}V${HEIGHT}h-${BAR}z`;
    paths.set(state, (paths.get(state) ?? "") + bar);
  });
  return [...paths];
}

/** Which of so many bars is at a place, from the left; the gap behind a bar is its own. */
export function barAt(x: number, count: number): number | undefined {
  const index = Math.floor(x / (BAR + GAP));
  return index >= 0 && index < count ? index : undefined;
}
