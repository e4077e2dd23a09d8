import { expect, it } from "vitest";
import { step } from "./fixtures";
import { noteOf } from "./note";

const items = { total: 8, succeeded: 3, failed: 1, running: 2, waiting: 2 };

it("says how far a running step is, by what it says of itself", () => {
  const running = step("a", { state: "running", items });
  expect(noteOf(running, { done: 3, total: 4, message: "rows" })).toEqual({
    words: "75 % · rows",
    part: 0.75,
  });
  expect(noteOf(running, { done: 9, total: 4, message: "" })?.part).toBe(1);
  expect(noteOf(running, { done: 1_200, message: "" })).toEqual({ words: "1,200" });
});

it("counts the items that are done, where the step says nothing", () => {
  expect(noteOf(step("a", { state: "running", items }), undefined)).toEqual({
    words: "4 of 8 items, 1 failed",
    part: 0.5,
  });
});

it("says why a step waits, did not run or failed, however far it was", () => {
  const progress = { done: 1, total: 2, message: "rows" };
  const reason = { kind: "condition" as const, message: "`when` is false" };
  expect(noteOf(step("a", { state: "skipped", reason }), progress)).toEqual({ words: "`when` is false" });
  const failure = { kind: "failed" as const, message: "no".repeat(1_000) };
  expect(noteOf(step("a", { state: "failed", failure }), progress)?.words).toHaveLength(300);
});

it("says nothing of what went well", () => {
  expect(noteOf(step("a"), { done: 2, total: 2, message: "rows" })).toBeUndefined();
});
