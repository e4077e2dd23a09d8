import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { countRows, filterRows, isFailing, pipelineRows, type RowFilter, sortRows } from "./rows";
import type { RunBrief } from "./summary";

const AT = "2026-01-01T00:00:00Z";

function deployed(name: string, more: Partial<Api<"DeployedPipeline">> = {}): Api<"DeployedPipeline"> {
  return { name, description: "", revision: 1, deployed_at: AT, deployed_by: "ada", paused: false, ...more };
}

function ran(name: string, states: RunBrief["state"][]): Api<"PipelineSummary"> {
  const recent = states.map((state, index) => ({
    id: `${name}-${index}`,
    state,
    created_at: AT,
    duration_ms: 1,
  }));
  const steps = { waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
  const latest = { id: `${name}-0`, pipeline: name, state: states[0] ?? "succeeded", created_at: AT, steps };
  return { name, runs: states.length, latest, recent };
}

function trigger(pipeline: string, name: string, next: string[]): Api<"TriggerView"> {
  return { pipeline, name, kind: "cron", waits_for: "", paused: false, overlap: "queue", missed: 0, next };
}

const problem = { code: "x", message: "", places: [] };

describe("pipelineRows", () => {
  it("joins what is deployed with its runs and keeps what only has runs", () => {
    const rows = pipelineRows(
      [deployed("a"), deployed("b")],
      [ran("b", ["failed"]), ran("gone", ["succeeded"])],
      [],
    );
    expect(rows.map((row) => [row.name, row.deployed, row.runs])).toEqual([
      ["a", true, 0],
      ["b", true, 1],
      ["gone", false, 1],
    ]);
  });

  it("takes the earliest of the next times, whatever zone they are written in", () => {
    const triggers = [
      trigger("a", "late", ["2026-01-01T01:30:00+01:00"]),
      trigger("a", "soon", ["2026-01-01T00:29:00Z", "2026-01-02T00:00:00Z"]),
      trigger("a", "hook", []),
    ];
    expect(pipelineRows([deployed("a")], [], triggers)[0]?.next).toBe("2026-01-01T00:29:00Z");
  });

  it("tells errors from warnings", () => {
    const problems = [
      { ...problem, severity: "warning" as const },
      { ...problem, severity: "error" as const },
    ];
    const [row] = pipelineRows([deployed("a", { problems })], [], []);
    expect([row?.errors, row?.warnings]).toEqual([1, 1]);
  });
});

describe("filters", () => {
  const rows = pipelineRows(
    [
      deployed("a", { description: "Daily Weather" }),
      deployed("b", { paused: true }),
      deployed("c", { problems: [{ ...problem, severity: "error" }] }),
    ],
    [ran("a", ["running", "cancelled", "failed"]), ran("b", ["succeeded", "failed"])],
    [trigger("c", "hook", [])],
  );

  it("calls failing what failed last, until another run has ended", () => {
    expect(rows.map(isFailing)).toEqual([true, false, false]);
  });

  it("counts what each filter shows", () => {
    expect(countRows(rows)).toEqual({
      failing: 1,
      running: 1,
      succeeded: 1,
      never: 1,
      broken: 1,
      paused: 1,
      triggers: 1,
    });
  });

  const names = (filter: RowFilter) => filterRows(rows, filter).map((row) => row.name);

  it("filters by what all parts of the filter say", () => {
    expect(names({})).toEqual(["a", "b", "c"]);
    expect(names({ state: "never" })).toEqual(["c"]);
    expect(names({ paused: true })).toEqual(["b"]);
    expect(names({ triggers: true })).toEqual(["c"]);
    expect(names({ paused: true, triggers: true })).toEqual([]);
  });

  it("looks for text in names and descriptions, in any case", () => {
    expect(names({ text: " weaTHER" })).toEqual(["a"]);
    expect(names({ text: "weather", paused: true })).toEqual([]);
  });
});

describe("sortRows", () => {
  const rows = pipelineRows(
    [deployed("a"), deployed("b"), deployed("c")],
    [ran("b", ["failed"]), ran("c", ["succeeded"]), ran("0gone", ["failed"])],
    [],
  );
  const names = (order: Parameters<typeof sortRows>[1], descending: boolean) =>
    sortRows(rows, order, descending).map((row) => row.name);

  it("sorts both ways, and what is not deployed comes last", () => {
    expect(names("name", false)).toEqual(["a", "b", "c", "0gone"]);
    expect(names("name", true)).toEqual(["c", "b", "a", "0gone"]);
  });

  it("puts what has no such thing last either way", () => {
    expect(names("rate", false)).toEqual(["b", "c", "a", "0gone"]);
    expect(names("rate", true)).toEqual(["c", "b", "a", "0gone"]);
  });
});
