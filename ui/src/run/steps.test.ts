import { describe, expect, it } from "vitest";
import { at, attempt, step, usage } from "./fixtures";
import {
  attemptCount,
  durationOf,
  failureOf,
  filterSteps,
  isReused,
  nextSort,
  outputBytes,
  sortSteps,
  usageOf,
} from "./steps";

const NOW = Date.parse(at(500));
const names = (steps: { name: string }[]) => steps.map(({ name }) => name);

describe("a step", () => {
  it("takes from its first attempt to its last, or to now", () => {
    const tries = [
      attempt(1, { state: "failed" }),
      attempt(2, { started_at: at(100), finished_at: at(130) }),
    ];
    expect(durationOf(step("a", { attempts: tries }), NOW)).toBe(130);
    expect(durationOf(step("a", { attempts: tries, state: "waiting" }), NOW)).toBe(500);
    expect(durationOf(step("a"), NOW)).toBeUndefined();
  });

  it("never takes less than nothing, though clocks differ", () => {
    expect(durationOf(step("a", { attempts: [attempt(1)], state: "running" }), Date.parse(at(-50)))).toBe(0);
  });

  it("used what its last finished attempt did, or all items together", () => {
    const attempts = [attempt(1, { usage: usage({ cpu_us: 5 }) }), attempt(2)];
    expect(usageOf(step("a", { attempts }))?.cpu_us).toBe(5);
    const items = { total: 2, succeeded: 2, failed: 0, running: 0, waiting: 0, usage: usage({ cpu_us: 9 }) };
    expect(usageOf(step("a", { attempts, items }))?.cpu_us).toBe(9);
  });

  it("counts attempts of items that ended alike, and those that are not listed", () => {
    const attempts = [
      attempt(1, { items: { first: 0, count: 40 } }),
      attempt(2, { items: { first: 3, count: 1 } }),
    ];
    expect(attemptCount(step("a", { attempts, attempts_omitted: 100 }))).toBe(141);
  });

  it("knows why it failed, by itself or by its last attempt", () => {
    const failure = { kind: "failed" as const, message: "no" };
    expect(failureOf(step("a", { attempts: [attempt(1, { failure })] }))).toBe(failure);
    expect(failureOf(step("a", { attempts: [attempt(1, { failure }), attempt(2)] }))).toBeUndefined();
  });

  it("took an earlier result from the cache, or from the run that is repeated", () => {
    expect(isReused(step("a", { cache: { result: "hit", message: "" } }))).toBe(true);
    expect(isReused(step("a", { carried_from: "runs/r/a/1" }))).toBe(true);
    expect(isReused(step("a", { carried_from: "runs/r/a[3]/1", attempts: [attempt(1)] }))).toBe(false);
    expect(isReused(step("a", { cache: { result: "partial", message: "" } }))).toBe(false);
  });

  it("returned its value and its files", () => {
    const files = [{ name: "f", media_type: "text/csv", size_bytes: 7, hash: "h" }];
    expect(outputBytes(step("a", { output: { form: "value", hash: "h", size_bytes: 3, files } }))).toBe(10);
    expect(outputBytes(step("a"))).toBeUndefined();
  });
});

describe("the list of steps", () => {
  const steps = [
    step("parse", { uses: "weather/parse", attempts: [attempt(1, { finished_at: at(50) })] }),
    step("clean", {
      uses: "weather/clean",
      state: "failed",
      attempts: [attempt(1, { finished_at: at(20) })],
    }),
    step("report", { uses: "pages/report", state: "waiting" }),
  ];

  it("is filtered by state, and by what is in a name or a module", () => {
    expect(names(filterSteps(steps, { text: " WEATHER " }))).toEqual(["parse", "clean"]);
    expect(names(filterSteps(steps, { text: "weather", state: "failed" }))).toEqual(["clean"]);
    expect(filterSteps(steps, {})).toHaveLength(3);
  });

  it("is sorted; what a step does not have comes last, either way", () => {
    expect(names(sortSteps(steps, "duration", NOW))).toEqual(["clean", "parse", "report"]);
    expect(names(sortSteps(steps, "-duration", NOW))).toEqual(["parse", "clean", "report"]);
    expect(names(sortSteps(steps, "state", NOW))).toEqual(["clean", "report", "parse"]);
    expect(sortSteps(steps, undefined, NOW)).toBe(steps);
  });

  it("is sorted up, then down, then not at all", () => {
    expect(nextSort(undefined, "cpu")).toBe("cpu");
    expect(nextSort("cpu", "cpu")).toBe("-cpu");
    expect(nextSort("-cpu", "cpu")).toBeUndefined();
    expect(nextSort("-cpu", "name")).toBe("name");
  });
});
