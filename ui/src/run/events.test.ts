import { describe, expect, it } from "vitest";
import { filterEvents, type RunEvent, sinceStart, tell } from "./events";
import { usage } from "./fixtures";

const at = "2026-01-01T00:00:01.007Z";
const output = { form: "rows" as const, hash: "h", size_bytes: 2_048, items: 12 };
const event = (body: object, seq = 0) => ({ run: "r", at, seq, ...body }) as RunEvent;

describe("tell", () => {
  it("says what an attempt returned, and how long it took", () => {
    const told = tell(
      event({
        event: "attempt_succeeded",
        step: "a",
        attempt: 2,
        output,
        usage: usage({ wall_us: 1_500_000 }),
      }),
    );
    expect(told).toEqual({
      says: "attempt 2 succeeded",
      detail: "1.5 s · 12 rows, 2.0 KiB",
      state: "succeeded",
    });
  });

  it("says which items it is about", () => {
    const items = { first: 3, count: 4 };
    expect(tell(event({ event: "attempt_started", step: "a", attempt: 1, items })).says).toBe(
      "items 3–6 began",
    );
    expect(tell(event({ event: "attempt_started", step: "a", attempt: 2, items })).says).toBe(
      "attempt 2 of items 3–6 began",
    );
  });

  it("says why something failed or did not run", () => {
    const failure = { kind: { limit_reached: "memory" }, message: "64 MiB" };
    expect(
      tell(event({ event: "attempt_failed", step: "a", attempt: 1, failure, usage: usage() })).detail,
    ).toBe("memory limit reached: 64 MiB");
    const reason = { kind: "condition", message: "`when` is false" };
    expect(tell(event({ event: "step_skipped", step: "a", reason }))).toMatchObject({
      detail: "`when` is false",
      state: "skipped",
    });
  });

  it("says how the run ended", () => {
    expect(tell(event({ event: "run_finished", state: "cancelled" }))).toEqual({
      says: "run cancelled",
      state: "cancelled",
    });
  });
});

it("finds events by their step and their words", () => {
  const events = [
    event({ event: "run_created", pipeline: "p" }),
    event({ event: "attempt_started", step: "Parse", attempt: 1 }),
  ];
  expect(filterEvents(events, "parse")).toEqual([events[1]]);
  expect(filterEvents(events, "accepted")).toEqual([events[0]]);
  expect(filterEvents(events, undefined)).toBe(events);
});

it("tells times since the run was accepted", () => {
  expect(sinceStart(at, "2026-01-01T00:00:00.000Z")).toBe("+1.007 s");
  expect(sinceStart("2026-01-01T00:00:00.000Z", at)).toBe("+0.000 s");
});
