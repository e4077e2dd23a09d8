/** How bars look: each state has a pattern as well as a colour. */

import type { CSSProperties } from "react";
import { colour } from "@/lib/states";
import type { Bar } from "../gantt";

export const WAITS: CSSProperties = {
  background: "repeating-linear-gradient(90deg, var(--waiting) 0 4px, transparent 4px 8px)",
};

export function barLook({ kind, reused, state }: Pick<Bar, "kind" | "reused" | "state">): CSSProperties {
  if (reused) return {};
  if (kind !== "attempt") return WAITS;
  switch (state) {
    case "failed":
    case "lost":
      return striped(colour(state), "135deg");
    case "cancelled":
      return striped(colour(state), "90deg");
    default:
      return { background: colour(state) };
  }
}

function striped(base: string, angle: string): CSSProperties {
  const light = `color-mix(in srgb, ${base} 72%, var(--surface))`;
  return { background: `repeating-linear-gradient(${angle}, ${base} 0 5px, ${light} 5px 7px)` };
}
