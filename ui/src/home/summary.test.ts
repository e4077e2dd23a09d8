import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { broken, failing, firstFailure, nextFires } from "./summary";

const trigger = (name: string, next: string[], paused = false): Api<"TriggerView"> => ({
  pipeline: "weather",
  name,
  kind: "cron",
  waits_for: "* * * * *",
  overlap: "queue",
  missed: 0,
  paused,
  next,
});

describe("nextFires", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it("has the next time of each trigger, and leaves out what is past or paused", () => {
    const fires = nextFires(
      [
        trigger("a", ["2025-12-31T23:59:00Z", "2026-01-01T02:00:00Z"]),
        trigger("b", ["2026-01-01T01:00:00Z", "2026-01-01T01:30:00Z"]),
        trigger("c", ["2026-01-01T00:30:00Z"], true),
        trigger("d", ["2026-01-01T04:00:00Z"]),
        trigger("e", []),
      ],
      now,
      2,
    );
    expect(fires.map(({ trigger, at }) => [trigger, at.slice(11, 16)])).toEqual([
      ["b", "01:00"],
      ["a", "02:00"],
    ]);
  });
});

describe("failing", () => {
  it("has the newest run of each pipeline, and how many there are", () => {
    const run = (id: string, pipeline: string) => ({ id, pipeline }) as Api<"RunSummary">;
    const runs = [run("4", "a"), run("3", "b"), run("2", "a"), run("1", "c")];
    const seen = (most: number) => failing(runs, most).map(({ run, times }) => [run.id, times]);
    expect(seen(9)).toEqual([
      ["4", 2],
      ["3", 1],
      ["1", 1],
    ]);
    expect(seen(1)).toEqual([["4", 2]]);
  });
});

describe("firstFailure", () => {
  it("names the first step that failed by itself", () => {
    const run = {
      steps: [
        { name: "a", state: "succeeded", attempts: [] },
        { name: "b", state: "failed", attempts: [{ failure: { kind: "trapped", message: "it trapped" } }] },
        { name: "c", state: "failed", failure: { kind: "failed", message: "later" }, attempts: [] },
      ],
    } as unknown as Api<"RunDetail">;
    expect(firstFailure(run)).toEqual({ step: "b", message: "it trapped" });
    expect(firstFailure({ ...run, steps: [] })).toBeUndefined();
  });
});

describe("broken", () => {
  it("does not count warnings", () => {
    const pipeline = (name: string, severity: "error" | "warning") =>
      ({
        name,
        problems: [{ code: "x", message: "x", severity, places: [] }],
      }) as unknown as Api<"DeployedPipeline">;
    expect(broken([pipeline("a", "warning"), pipeline("b", "error")]).map(({ name }) => name)).toEqual(["b"]);
  });
});
