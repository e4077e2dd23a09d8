import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { byStart, layOut, place, ticks, within, zoom } from "./gantt";
import type { Step } from "./steps";

const START = Date.parse("2026-01-01T00:00:00.000Z");
const at = (milliseconds: number) => new Date(START + milliseconds).toISOString();

interface Try {
  from: number;
  to?: number;
  state?: Api<"AttemptState">;
  count?: number;
  reused?: string;
}

function step(name: string, state: Step["state"], tries: Try[] = [], more: Partial<Step> = {}): Step {
  return {
    name,
    uses: "module/step",
    state,
    attempts: tries.map(({ from, to, state = "succeeded", count, reused }, index) => ({
      name: `runs/r/${name}/${index + 1}`,
      attempt: index + 1,
      state,
      started_at: at(from),
      ...(to === undefined ? {} : { finished_at: at(to) }),
      ...(count === undefined ? {} : { items: { first: 0, count } }),
      ...(reused ? { reused } : {}),
    })),
    ...more,
  };
}

function run(steps: Step[], finished?: number): Api<"RunDetail"> {
  return {
    run: {
      id: "r",
      pipeline: "p",
      state: finished === undefined ? "running" : "succeeded",
      created_at: at(0),
      ...(finished === undefined ? {} : { finished_at: at(finished) }),
      steps: { waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 },
    },
    plan: "plan",
    params: [],
    steps,
  };
}

function graph(
  steps: Step[],
  edges: [from: string, to: string][] = [],
  last: string[] = [],
): Api<"GraphView"> {
  return {
    pipeline: "p",
    nodes: steps.map(({ name, uses }) => ({ name, uses, finally: last.includes(name) })),
    edges: edges.map(([from, to]) => ({ from, to, kind: "data" })),
  };
}

const sketch = (bars: ReturnType<typeof layOut>["rows"][number]["bars"]) =>
  bars.map(({ kind, from, to, open }) => `${kind} ${from - START}–${to - START}${open ? " open" : ""}`);

describe("layOut", () => {
  it("shows how long a step waited behind those before it", () => {
    const steps = [
      step("a", "succeeded", [{ from: 5, to: 10 }]),
      step("b", "succeeded", [{ from: 30, to: 40 }]),
    ];
    const { rows, start, end } = layOut(run(steps, 50), graph(steps, [["a", "b"]]), START + 999);
    expect([start - START, end - START]).toEqual([0, 50]);
    expect(rows.map(({ bars }) => sketch(bars))).toEqual([
      ["queued 0–5", "attempt 5–10"],
      ["queued 10–30", "attempt 30–40"],
    ]);
  });

  it("lets what goes on go on until now", () => {
    const steps = [step("a", "running", [{ from: 5, state: "running" }]), step("b", "waiting")];
    const { rows, end } = layOut(run(steps), graph(steps, [["a", "b"]]), START + 100);
    expect(end - START).toBe(100);
    expect(rows.map(({ bars }) => sketch(bars))).toEqual([["queued 0–5", "attempt 5–100 open"], []]);
  });

  it("shows the waits between attempts, and that before the next one", () => {
    const tries: Try[] = [
      { from: 0, to: 10, state: "failed" },
      { from: 30, to: 40, state: "failed" },
    ];
    const steps = [step("a", "waiting", tries)];
    const { rows } = layOut(run(steps), graph(steps), START + 100);
    expect(sketch(rows[0]?.bars ?? [])).toEqual([
      "attempt 0–10",
      "retry 10–30",
      "attempt 30–40",
      "retry 40–100 open",
    ]);
  });

  it("lets `finally` steps wait from the end of all others, not from the beginning", () => {
    const steps = [
      step("a", "succeeded", [{ from: 0, to: 60 }]),
      step("z", "succeeded", [{ from: 70, to: 80 }]),
    ];
    const { rows } = layOut(run(steps, 80), graph(steps, [], ["z"]), START);
    expect(sketch(rows[1]?.bars ?? [])).toEqual(["queued 60–70", "attempt 70–80"]);
  });

  it("makes one bar of items that overlap, and counts them", () => {
    const items = { total: 12, succeeded: 9, failed: 3, running: 0, waiting: 0 };
    const tries: Try[] = [
      { from: 20, to: 400, count: 9 },
      { from: 0, to: 100, count: 3, state: "failed" },
      { from: 900, to: 1_000, count: 3, state: "failed" },
    ];
    const steps = [step("a", "failed", tries, { items })];
    const { rows } = layOut(run(steps, 1_000), graph(steps), START);
    expect(sketch(rows[0]?.bars ?? [])).toEqual(["attempt 0–400", "attempt 900–1000"]);
    expect(rows[0]?.bars.map(({ count, failed, state }) => [count, failed, state])).toEqual([
      [12, 3, "failed"],
      [3, 3, "failed"],
    ]);
  });

  it("says of bars of items that still run that they run, though some failed", () => {
    const items = { total: 2, succeeded: 0, failed: 1, running: 1, waiting: 0 };
    const tries: Try[] = [
      { from: 0, to: 10, state: "failed", count: 1 },
      { from: 0, state: "running", count: 1 },
    ];
    const steps = [step("a", "running", tries, { items })];
    const { rows } = layOut(run(steps), graph(steps), START + 50);
    expect(rows[0]?.bars).toMatchObject([{ state: "running", open: true, failed: 1, count: 2 }]);
  });

  it("does not call failed what was cancelled", () => {
    const ended = step("a", "cancelled", [{ from: 0, to: 10, state: "failed" }]);
    const [attempt] = ended.attempts;
    if (attempt) attempt.failure = { kind: "cancelled", message: "the run was cancelled" };
    const { rows } = layOut(run([ended], 10), graph([ended]), START);
    expect(rows[0]?.bars).toMatchObject([{ state: "cancelled", failed: 0 }]);
  });

  it("lays out a thousand steps quickly, of a run that ended before the clock of the browser says it began", () => {
    const steps = Array.from({ length: 1_000 }, (_, index) =>
      step(`s${index}`, "succeeded", [{ from: index, to: index + 1 }]),
    );
    const edges = steps.slice(1).map((_, index): [string, string] => [`s${index}`, `s${index + 1}`]);
    const before = performance.now();
    const { rows, end } = layOut(run(steps, 1_000), graph(steps, edges), START - 60_000);
    expect(performance.now() - before).toBeLessThan(500);
    expect(rows).toHaveLength(1_000);
    expect(end - START).toBe(1_000);
  });
});

describe("the critical path", () => {
  const steps = [
    step("a", "succeeded", [{ from: 0, to: 10 }]),
    step("b", "succeeded", [{ from: 0, to: 30 }]),
    step("skipped", "skipped"),
    step("c", "succeeded", [{ from: 31, to: 40 }]),
    step("z", "succeeded", [{ from: 41, to: 50 }]),
  ];
  const edges: [string, string][] = [
    ["a", "skipped"],
    ["b", "skipped"],
    ["skipped", "c"],
  ];

  it("goes back from the end through what was waited for, past what did not run", () => {
    const { critical } = layOut(run(steps, 50), graph(steps, edges, ["z"]), START);
    expect([...critical]).toEqual(["z", "c", "b"]);
  });

  it("is none while the run goes on, or of one step alone", () => {
    expect(layOut(run(steps), graph(steps, edges), START + 50).critical.size).toBe(0);
    expect(layOut(run(steps, 50), graph(steps), START).critical.size).toBe(0);
  });
});

it("sorts rows as they began, those that did not at the end", () => {
  const steps = [
    step("later", "succeeded", [{ from: 20, to: 30 }]),
    step("never", "skipped"),
    step("first", "succeeded", [{ from: 0, to: 10 }]),
  ];
  const { rows } = layOut(run(steps, 30), graph(steps), START);
  expect(byStart(rows).map(({ step }) => step.name)).toEqual(["first", "later", "never"]);
});

describe("the axis", () => {
  it("places bars within what is shown, and leaves out the others", () => {
    const shown = { from: 100, to: 200 };
    expect(place({ from: 50, to: 150 }, shown)).toEqual({ left: 0, width: 0.5 });
    expect(place({ from: 150, to: 150 }, shown)).toEqual({ left: 0.5, width: 0 });
    expect(place({ from: 201, to: 300 }, shown)).toBeUndefined();
  });

  it("zooms around a point, never beyond the whole", () => {
    const whole = { from: 0, to: 1_000 };
    expect(zoom(whole, whole, 0.5, 0)).toEqual({ from: 0, to: 500 });
    expect(zoom({ from: 400, to: 600 }, whole, 100, 500)).toEqual(whole);
    expect(within({ from: 900, to: 1_100 }, whole)).toEqual({ from: 800, to: 1_000 });
  });

  it("marks round times", () => {
    expect(ticks({ from: 0, to: 1_000 }, 0, 5)).toEqual([0, 200, 400, 600, 800, 1_000]);
    expect(ticks({ from: 10_000, to: 130_000 }, 10_000, 4)).toEqual([0, 30_000, 60_000, 90_000, 120_000]);
  });
});
