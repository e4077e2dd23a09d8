import { expect, it } from "vitest";
import type { Api } from "@/api/client";
import { matches, overlapWords, waitsFor } from "./words";

const TRIGGER: Api<"TriggerView"> = {
  pipeline: "invoices",
  name: "hourly",
  kind: "cron",
  waits_for: "0 * * * *",
  timezone: "Europe/Berlin",
  paused: false,
  overlap: "queue",
  missed: 0,
};

it.each([
  [{}, "0 * * * * (Europe/Berlin)"],
  [{ timezone: null }, "0 * * * * (UTC)"],
  [{ kind: "every", waits_for: "90000 ms" }, "every 1 min 30 s"],
  [{ kind: "every", waits_for: "a while" }, "a while"],
  [{ kind: "webhook", waits_for: "/hooks/orders" }, "POST /hooks/orders"],
  [{ kind: "finished", waits_for: "import" }, "the end of a run of import"],
  [{ kind: "queue", waits_for: "days" }, "days"],
])("%j waits for %s", (change, words) => {
  expect(waitsFor({ ...TRIGGER, ...change })).toBe(words);
});

it("knows the overlaps, and no others", () => {
  expect(overlapWords("skip")).toContain("starts no run");
  expect(overlapWords("constructor")).toBeUndefined();
});

it("filters by kind, pipeline and text together", () => {
  expect(matches(TRIGGER, {})).toBe(true);
  expect(matches(TRIGGER, { kind: "cron", pipeline: "invoices", text: " BERLIN " })).toBe(true);
  expect(matches(TRIGGER, { kind: "every" })).toBe(false);
  expect(matches(TRIGGER, { pipeline: "other" })).toBe(false);
  expect(matches(TRIGGER, { text: "order" })).toBe(false);
});
