import { expect, it } from "vitest";
import { at, attempt, step } from "./fixtures";
import { progressWords, stepStatus } from "./status";

it("says how far a step is that runs", () => {
  const running = step("a", { state: "running", attempts: [attempt(1)] });
  expect(stepStatus(running, { done: 3, total: 4, message: "days" }).detail).toBe("75 % · days");
  expect(stepStatus(running, undefined).detail).toBeUndefined();
  expect(progressWords({ done: 1_200, message: "" })).toBe("1,200");
});

it("says which attempt it is", () => {
  const tries = [attempt(1, { state: "failed" }), attempt(2, { state: "running" })];
  const second = step("a", { state: "running", max_attempts: 3, attempts: tries });
  expect(stepStatus(second, undefined).detail).toBe("attempt 2 of 3");
  const waiting = step("a", { state: "waiting", max_attempts: 3, attempts: tries.slice(0, 1) });
  expect(stepStatus(waiting, undefined).detail).toBe("attempt 2 of 3 follows");
});

it("says why it did not run, or failed", () => {
  const reason = { kind: "condition" as const, message: "`when` is false" };
  expect(stepStatus(step("a", { state: "skipped", reason }), undefined).why).toBe("`when` is false");
  const failure = { kind: "failed" as const, message: "no such file" };
  const failed = step("a", { state: "failed", attempts: [attempt(1, { state: "failed", failure })] });
  expect(stepStatus(failed, undefined)).toMatchObject({ why: "no such file", detail: "10 ms" });
});

it("says where a result is from, and what it took otherwise", () => {
  const cached = step("a", { cache: { result: "hit", message: "" }, attempts: [attempt(1)] });
  expect(stepStatus(cached, undefined)).toMatchObject({ detail: "from the cache", cached: true });
  expect(stepStatus(step("a", { carried_from: "runs/r/a/1" }), undefined).detail).toBe("taken over");
  const twice = [attempt(1, { state: "failed" }), attempt(2, { started_at: at(50), finished_at: at(60) })];
  expect(stepStatus(step("a", { attempts: twice }), undefined).detail).toBe("60 ms, 2 attempts");
});
