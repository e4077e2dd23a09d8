import { expect, it } from "vitest";
import { barAt, barPaths, barsWidth, HEIGHT } from "./bars";
import type { RunBrief } from "./summary";

const run = (state: RunBrief["state"], duration_ms: number): RunBrief => ({
  id: `${state}${duration_ms}`,
  state,
  created_at: "2026-01-01T00:00:00Z",
  duration_ms,
});

it("draws the bars of a state together, where their runs stand", () => {
  const paths = barPaths([run("succeeded", 10), run("failed", 10), run("succeeded", 0)]);
  expect(paths.map(([state]) => state)).toEqual(["succeeded", "failed"]);
  expect(paths[0]?.[1]).toBe(`M0 0h5V${HEIGHT}h-5zM12 18h5V${HEIGHT}h-5z`);
  expect(paths[1]?.[1]).toMatch(/^M6 0h5v1h-5zM6 2/);
  expect(barPaths([])).toEqual([]);
});

it("knows which bar is pointed at", () => {
  expect([0, 5.9, 6, 17, 18, -1].map((x) => barAt(x, 3))).toEqual([0, 0, 1, 2, undefined, undefined]);
  expect([0, 1, 30].map(barsWidth)).toEqual([0, 5, 179]);
});
