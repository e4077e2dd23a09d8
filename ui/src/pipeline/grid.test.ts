import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { layoutGrid, moveTo, withSteps } from "./grid";

const run = (id: string, duration_ms: number) => ({
  id,
  state: "succeeded" as const,
  created_at: "2026-01-01T00:00:00Z",
  duration_ms,
});

const grid: Api<"StepGrid"> = {
  steps: ["parse", "clean", "old"],
  runs: [
    { run: run("new", 200), states: ["succeeded", "failed", null], durations_ms: [120, 80, null] },
    { run: run("before", 100), states: ["succeeded", null, "skipped"], durations_ms: [100, null, null] },
  ],
};

describe("layoutGrid", () => {
  it("puts the newest run at the right, with its own cells", () => {
    const { columns, steps } = layoutGrid(grid);
    expect(columns.map((column) => column.run.id)).toEqual(["before", "new"]);
    expect(columns[1]?.states[1]).toBe("failed");
    expect(columns[0]?.states[2]).toBe("skipped");
    expect(columns[1]?.durations[0]).toBe(120);
    expect(columns[1]?.height).toBe(1);
    expect(steps.map((step) => step.name)).toEqual(["parse", "clean", "old"]);
  });

  it("does not turn the answer of the host around in place", () => {
    layoutGrid(grid);
    expect(grid.runs[0]?.run.id).toBe("new");
  });

  it("has nothing where nothing ran", () => {
    expect(layoutGrid({ steps: [], runs: [] })).toEqual({ steps: [], columns: [] });
  });
});

describe("withSteps", () => {
  it("keeps the place of a step among the cells", () => {
    const layout = layoutGrid(grid);
    expect(withSteps(layout, " CLE").steps).toEqual([{ name: "clean", index: 1 }]);
    expect(withSteps(layout, "")).toBe(layout);
  });
});

describe("moveTo", () => {
  const at = { row: 0, column: 1 };

  it("goes by arrows, up to the runs themselves", () => {
    expect(moveTo("ArrowUp", at, 3, 2)).toEqual({ row: -1, column: 1 });
    expect(moveTo("ArrowDown", at, 3, 2)).toEqual({ row: 1, column: 1 });
    expect(moveTo("Home", at, 3, 2)).toEqual({ row: 0, column: 0 });
    expect(moveTo("PageDown", at, 3, 2)).toEqual({ row: 2, column: 1 });
  });

  it("stays inside", () => {
    expect(moveTo("ArrowRight", at, 3, 2)).toBeUndefined();
    expect(moveTo("ArrowUp", { row: -1, column: 0 }, 3, 2)).toBeUndefined();
    expect(moveTo("ArrowDown", { row: 2, column: 0 }, 3, 2)).toBeUndefined();
  });

  it("leaves other keys alone", () => {
    expect(moveTo("Enter", at, 3, 2)).toBeUndefined();
  });
});
