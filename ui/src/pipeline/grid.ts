/** Runs by steps, laid out: oldest run at the left, as time goes. */

import type { Api } from "@/api/client";
import type { StepState } from "@/lib/states";
import { barHeights, type RunBrief } from "./summary";

export const GRID_SIZES = [10, 25, 50] as const;
export type GridSize = (typeof GRID_SIZES)[number];

export interface GridColumn {
  run: RunBrief;
  /** From 0 to 1, by how long the run took. */
  height: number;
  states: readonly (StepState | null)[];
  durations: readonly (number | null)[];
}

export interface GridStep {
  name: string;
  /** Its place among the cells of a column. */
  index: number;
}

export interface GridLayout {
  steps: readonly GridStep[];
  /** The newest last. */
  columns: GridColumn[];
}

export function layoutGrid(grid: Api<"StepGrid">): GridLayout {
  const rows = grid.runs.toReversed();
  const heights = barHeights(
    rows.map((row) => row.run),
    0.08,
  );
  return {
    steps: grid.steps.map((name, index) => ({ name, index })),
    columns: rows.map(({ run, states, durations_ms }, index) => ({
      run,
      height: heights[index] ?? 0,
      states,
      durations: durations_ms,
    })),
  };
}

/** Only the steps whose names contain the text. */
export function withSteps(layout: GridLayout, text: string): GridLayout {
  const sought = text.trim().toLowerCase();
  return sought ? { ...layout, steps: layout.steps.filter(({ name }) => name.includes(sought)) } : layout;
}

/** A cell of the grid. Row -1 is that of the runs themselves. */
export interface Cell {
  row: number;
  column: number;
}

/** Where a key leads from a cell; nothing, if it leads nowhere. Steps that a run does not have are cells like others. */
export function moveTo(key: string, from: Cell, rows: number, columns: number): Cell | undefined {
  const to = { ...from };
  if (key === "ArrowUp") to.row -= 1;
  else if (key === "ArrowDown") to.row += 1;
  else if (key === "ArrowLeft") to.column -= 1;
  else if (key === "ArrowRight") to.column += 1;
  else if (key === "PageUp") to.row = Math.max(-1, from.row - 10);
  else if (key === "PageDown") to.row = Math.min(rows - 1, from.row + 10);
  else if (key === "Home") to.column = 0;
  else if (key === "End") to.column = columns - 1;
  else return undefined;
  const inside = to.row >= -1 && to.row < rows && to.column >= 0 && to.column < columns;
  return inside ? to : undefined;
}
