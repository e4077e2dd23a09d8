import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { filterOf, readSearch, shows, withRun } from "./filter";

function run(id: string, change: Partial<Api<"RunSummary">> = {}): Api<"RunSummary"> {
  const steps = { waiting: 0, running: 0, succeeded: 1, failed: 0, skipped: 0, cancelled: 0 };
  return { id, pipeline: "weather", state: "running", created_at: "2026-03-01T10:00:00Z", steps, ...change };
}

describe("readSearch", () => {
  it("keeps what it understands and nothing else", () => {
    const search = {
      pipeline: "weather",
      state: "exploded",
      within: "7d",
      from: "yesterday",
      text: 12,
      other: "x",
    };
    expect(readSearch(search)).toEqual({ pipeline: "weather", within: "7d", text: "12" });
  });
});

describe("filterOf", () => {
  it("counts back from now, to the minute", () => {
    const now = Date.parse("2026-03-01T10:00:42Z");
    expect(filterOf({ within: "1h", state: "failed" }, now)).toEqual({
      state: "failed",
      from: "2026-03-01T09:00:00.000Z",
    });
  });
});

describe("shows", () => {
  it("compares what can be compared here", () => {
    expect(shows({ pipeline: "weather", state: "running" }, run("a"))).toBe(true);
    expect(shows({ pipeline: "heat" }, run("a"))).toBe(false);
    expect(shows({ state: "failed" }, run("a"))).toBe(false);
    expect(shows({ from: "2026-03-01T10:00:01Z" }, run("a"))).toBe(false);
    expect(shows({ until: "2026-03-01T10:00:00Z" }, run("a"))).toBe(false);
    expect(shows({ text: "wea" }, run("a"))).toBeUndefined();
  });
});

describe("withRun", () => {
  const pages = { pages: [{ runs: [run("b")], next: "x" }, { runs: [run("a")] }], pageParams: [{}, {}] };
  const ids = (changed: typeof pages) => changed.pages.map((page) => page.runs.map(({ id }) => id));

  it("puts a new run first", () => {
    expect(ids(withRun(pages, {}, run("c")))).toEqual([["c", "b"], ["a"]]);
  });

  it("changes a known run where it is, and leaves other pages as they are", () => {
    const changed = withRun(pages, {}, run("a", { state: "failed" }));
    expect(changed.pages[1]?.runs[0]?.state).toBe("failed");
    expect(changed.pages[0]).toBe(pages.pages[0]);
  });

  it("takes out what the filter does not show any more", () => {
    expect(ids(withRun(pages, { state: "running" }, run("b", { state: "succeeded" })))).toEqual([[], ["a"]]);
  });

  it("leaves a search to the host", () => {
    expect(withRun(pages, { text: "wea" }, run("c"))).toBe(pages);
  });
});
