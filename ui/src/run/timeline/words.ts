/** What the bars of a timeline say. */

import { duration } from "@/lib/time";
import { plural } from "@/lib/units";
import type { Bar, Row } from "../gantt";

export function barTitle({ step }: Row, bar: Bar): string {
  if (bar.kind === "queued") return bar.open ? "Waits" : "Waited to begin";
  if (bar.kind === "retry") return bar.open ? "Waits for the next attempt" : "Waited for the next attempt";
  if (bar.reused)
    return step.items ? `${plural(bar.count, "item")}, earlier results` : "Earlier result taken";
  const state = bar.open ? "running" : bar.state;
  if (step.items) {
    const failed = bar.failed > 0 ? `, ${bar.failed} failed` : "";
    return `${plural(bar.count, "attempt")} at items${failed}${bar.open ? ", some running" : ""}`;
  }
  return step.attempts.length > 1 || step.max_attempts ? `Attempt ${bar.attempt} ${state}` : capital(state);
}

/** `1.2 s, from +0.3 s`. */
export function barTimes(bar: Bar, start: number): string {
  return `${duration(bar.to - bar.from)}${bar.open ? " so far" : ""}, from +${duration(bar.from - start)}`;
}

/** A row behind its name, for who does not see it. */
export function rowWords(row: Row, start: number): string {
  const { step, bars } = row;
  const last = bars.findLast(({ kind }) => kind === "attempt") ?? bars.at(-1);
  if (!last) return step.state;
  const title = barTitle(row, last).toLowerCase();
  return [step.state, ...(title === step.state ? [] : [title]), barTimes(last, start)].join(", ");
}

/** How a mark of the axis is written: `0`, `200 ms`, `1.5 s`, `2 min 30 s`. */
export function tickWords(at: number): string {
  return at === 0 ? "0" : duration(at).replace(".0 s", " s");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
