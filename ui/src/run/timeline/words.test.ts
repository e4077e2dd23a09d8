import { expect, it } from "vitest";
import { attempt, step } from "../fixtures";
import type { Bar } from "../gantt";
import { barTimes, barTitle, rowWords, tickWords } from "./words";

const bar = (more: Partial<Bar> = {}): Bar => ({
  kind: "attempt",
  from: 1_100,
  to: 2_300,
  state: "succeeded",
  attempt: 1,
  count: 1,
  failed: 0,
  open: false,
  reused: false,
  ...more,
});

it("names attempts only where there may be several", () => {
  const once = { step: step("a", { attempts: [attempt(1)] }), bars: [bar()] };
  expect(barTitle(once, bar())).toBe("Succeeded");
  const again = { step: step("a", { attempts: [attempt(1)], max_attempts: 3 }), bars: [bar()] };
  expect(barTitle(again, bar({ state: "failed" }))).toBe("Attempt 1 failed");
  expect(barTitle(again, bar({ state: "running", open: true }))).toBe("Attempt 1 running");
});

it("says what is waited for, and whether it still is", () => {
  const row = { step: step("a"), bars: [] };
  expect(barTitle(row, bar({ kind: "queued" }))).toBe("Waited to begin");
  expect(barTitle(row, bar({ kind: "retry", open: true }))).toBe("Waits for the next attempt");
});

it("counts the attempts at items, and those that failed", () => {
  const items = { total: 7, succeeded: 5, failed: 2, running: 0, waiting: 0 };
  const row = { step: step("a", { items }), bars: [] };
  expect(barTitle(row, bar({ count: 9, failed: 2 }))).toBe("9 attempts at items, 2 failed");
});

it("says a row once, not twice", () => {
  const row = { step: step("a", { attempts: [attempt(1)] }), bars: [bar()] };
  expect(rowWords(row, 1_000)).toBe("succeeded, 1.2 s, from +100 ms");
  expect(rowWords({ step: step("a", { state: "skipped" }), bars: [] }, 0)).toBe("skipped");
});

it("says times of bars and marks", () => {
  expect(barTimes(bar({ open: true }), 1_000)).toBe("1.2 s so far, from +100 ms");
  expect([0, 200, 1_500, 2_000, 150_000].map(tickWords)).toEqual([
    "0",
    "200 ms",
    "1.5 s",
    "2 s",
    "2 min 30 s",
  ]);
});
