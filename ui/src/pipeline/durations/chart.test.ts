import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { durationTicks, layoutChart, MARGIN } from "./chart";

const STEPS = { waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };

function run(id: string, state: Api<"RunState">, duration_ms?: number): Api<"RunSummary"> {
  const run = { id, pipeline: "p", state, created_at: "2026-01-01T00:00:00Z", steps: STEPS };
  return duration_ms === undefined ? run : { ...run, duration_ms };
}

describe("layoutChart", () => {
  const runs = [
    run("new", "running", 9_000),
    run("c", "succeeded", 400),
    run("b", "failed", 100),
    run("a", "succeeded", 100),
  ];
  const chart = layoutChart(runs, 800, 200);

  it("shows what has ended, the oldest at the left", () => {
    expect(chart.bars.map((bar) => bar.id)).toEqual(["a", "b", "c"]);
    const [a, b, c] = chart.bars;
    expect(a?.x).toBeLessThan(b?.x ?? 0);
    expect(c?.height).toBeCloseTo(4 * (a?.height ?? 0));
  });

  it("stands on its ground and stays inside", () => {
    for (const bar of chart.bars) {
      expect(bar.y + bar.height).toBe(200 - MARGIN.bottom);
      expect(bar.y).toBeGreaterThanOrEqual(MARGIN.top);
      expect(bar.x + bar.width).toBeLessThanOrEqual(800 - MARGIN.right);
    }
  });

  it("draws the median of what has ended", () => {
    expect(chart.median?.value).toBe(100);
    expect(layoutChart(runs.slice(0, 2), 800, 200).median).toBeUndefined();
  });

  it("has something to see for a run that took no time, and nothing where nothing ran", () => {
    expect(layoutChart([run("a", "succeeded", 0)], 800, 200).bars[0]?.height).toBe(2);
    expect(layoutChart([], 0, 0).bars).toEqual([]);
  });

  it("keeps the labels of times apart", () => {
    const many = Array.from({ length: 100 }, (_, index) => run(`r${index}`, "succeeded", 5));
    const { times } = layoutChart(many, 800, 200);
    expect(times.length).toBeGreaterThan(2);
    expect(times.length).toBeLessThan(7);
  });
});

describe("durationTicks", () => {
  it.each([
    [0, [0]],
    [4, [0, 1, 2, 3, 4]],
    [420, [0, 100, 200, 300, 400, 500]],
    [150_000, [0, 30_000, 60_000, 90_000, 120_000, 150_000]],
    [10 * 86_400_000, [0, 2, 4, 6, 8, 10].map((days) => days * 86_400_000)],
  ])("for %d ms", (longest, ticks) => {
    expect(durationTicks(longest)).toEqual(ticks);
  });
});
