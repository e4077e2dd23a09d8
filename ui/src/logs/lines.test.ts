import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { readLogChoice } from "./choice";
import { droppedLines } from "./dropped";
import { NO_LINES, streamUrl, withLines } from "./follow";
import { asText, clock, filterLines, findLines, marked, Numbering, since, stepsOf } from "./lines";
import { isAtEnd, stillFollows } from "./tail";
import { whyNothing } from "./why";

function view(step: string, text: string, level: Api<"LogLevel"> = "info", ms = 0): Api<"LogLineView"> {
  const at = new Date(Date.UTC(2026, 0, 31, 6, 0, 0, ms)).toISOString();
  return { at, step, attempt: 1, level, stream: "log", text };
}

const number = (views: Api<"LogLineView">[]) => new Numbering().number(views);

describe("lines", () => {
  it("have ids that hold, however they come", () => {
    const views = [view("a", "1"), view("b", "2"), view("a", "3"), view("a", "4", "info", 5)];
    const numbering = new Numbering();
    const [first = [], second = []] = [views.slice(0, 2), views.slice(2)].map((some) =>
      numbering.number(some),
    );
    expect([...first, ...second].map(({ id }) => id)).toEqual(number(views).map(({ id }) => id));
    expect(new Set(number(views).map(({ id }) => id)).size).toBe(4);
    expect(second.map(({ number }) => number)).toEqual([3, 4]);
  });

  it("are filtered by level and step", () => {
    const lines = number([view("a", "1", "debug"), view("b", "2", "warn"), view("a", "3", "error")]);
    expect(filterLines(lines, {})).toBe(lines);
    expect(filterLines(lines, { level: "warn" }).map(({ text }) => text)).toEqual(["2", "3"]);
    expect(filterLines(lines, { level: "warn", step: "a" }).map(({ text }) => text)).toEqual(["3"]);
    expect(stepsOf(lines)).toEqual(["a", "b"]);
  });

  it("are found whatever the case", () => {
    const lines = number([view("a", "An Error"), view("a", "fine"), view("a", "error error")]);
    expect(findLines(lines, "ERROR")).toEqual([0, 2]);
    expect(findLines(lines, "")).toEqual([]);
    expect(marked("error: an Error!", "error")).toEqual([
      { text: "error", match: true },
      { text: ": an ", match: false },
      { text: "Error", match: true },
      { text: "!", match: false },
    ]);
  });

  it("are marked only so often, and stay whole", () => {
    const pieces = marked("a".repeat(16_000), "a");
    expect(pieces.length).toBeLessThan(300);
    expect(pieces.map(({ text }) => text).join("")).toHaveLength(16_000);
  });

  it("are not marked in the wrong place where small letters are longer", () => {
    expect(marked("İİ x", "x")).toEqual([{ text: "İİ x", match: false }]);
  });

  it("tell their time by the clock, and since the start", () => {
    const at = Date.UTC(2026, 0, 31, 6, 0, 7, 381);
    expect(clock(at, "utc")).toBe("06:00:07.381");
    expect(since(at, at - 7_381)).toBe("+00:07.381");
    expect(since(at, at - 3_727_381)).toBe("+1:02:07.381");
    expect(since(at, at + 5)).toBe("-00:00.005");
  });

  it("are texts for other programs", () => {
    expect(asText(number([view("a", "x", "warn")]), true)).toBe("2026-01-31T06:00:00.000Z WARN  a/1 x\n");
  });

  it("are only so many: the first ones go", () => {
    const more = number([view("a", "1"), view("a", "2"), view("a", "3")]);
    const after = withLines(withLines(NO_LINES, more.slice(0, 2), 2), more.slice(2), 2);
    expect(after.lines.map(({ text }) => text)).toEqual(["2", "3"]);
    expect(after.gone).toBe(1);
  });
});

describe("the tail", () => {
  const at = (top: number, content = 1_000) => ({ top, content, height: 100 });

  it("is followed until somebody scrolls up", () => {
    expect(stillFollows(undefined, at(0))).toBe(true);
    expect(stillFollows(at(900), at(800))).toBe(false);
  });

  it("is followed on while lines come, and where there are fewer than before", () => {
    expect(stillFollows(at(900), at(900, 2_000))).toBe(true);
    expect(stillFollows(at(900), at(100, 200))).toBe(true);
    expect(isAtEnd(at(899))).toBe(true);
    expect(isAtEnd(at(800))).toBe(false);
  });
});

describe("whose lines", () => {
  it("is said in the address of the stream", () => {
    expect(streamUrl({ run: "r" })).toBe("/api/v1/runs/r/logs");
    expect(streamUrl({ run: "r/..", step: "a&b", item: 0, attempt: 2 })).toBe(
      "/api/v1/runs/r%2F../logs?step=a%26b&item=0&attempt=2",
    );
  });

  it("is read from addresses that anybody may have written", () => {
    expect(readLogChoice({ level: "warn", find: 404, line: "a~1~0", only: {}, other: 1 })).toEqual({
      level: "warn",
      find: "404",
      line: "a~1~0",
    });
    expect(readLogChoice({ level: "loud" })).toEqual({});
  });
});

describe("dropped lines", () => {
  const usage = (log_lines_dropped: number) => ({ usage: { log_lines_dropped } });
  const detail = {
    steps: [
      {
        name: "a",
        attempts: [
          { attempt: 1, ...usage(1) },
          { attempt: 2, ...usage(2) },
        ],
      },
      {
        name: "each",
        items: usage(50),
        attempts: [
          { attempt: 1, items: { first: 0, count: 9 }, ...usage(7) },
          { attempt: 1, items: { first: 9, count: 1 }, ...usage(5) },
        ],
      },
    ],
    // Only what counts.
  } as unknown as Api<"RunDetail">;

  it("are counted for whose log it is", () => {
    expect(droppedLines(detail, { run: "r" })).toBe(53);
    expect(droppedLines(detail, { run: "r", step: "a" })).toBe(3);
    expect(droppedLines(detail, { run: "r", step: "a", attempt: 2 })).toBe(2);
    expect(droppedLines(detail, { run: "r", step: "each" })).toBe(50);
    expect(droppedLines(detail, { run: "r", step: "each", item: 9 })).toBe(5);
  });
});

describe("an empty log", () => {
  const detail = (step: object) =>
    // Only what counts.
    ({ steps: [{ name: "a", state: "succeeded", attempts: [{}], ...step }] }) as unknown as Api<"RunDetail">;
  const why = (step: object, live = false) => whyNothing(detail(step), { run: "r", step: "a" }, live);

  it("says why it is empty", () => {
    expect(why({}).text).toContain("standard output");
    expect(why({ attempts: [{ reused: "runs/x/a/1" }] }).text).toContain("earlier attempt");
    expect(why({ attempts: [], state: "skipped" }).text).toBe("The step was skipped.");
    expect(why({ attempts: [], carried_from: "runs/x/a/1" }).text).toContain("repeats");
    expect(why({ attempts: [], state: "waiting" }, true).title).toBe("The step has not begun");
    expect(why({ state: "running" }, true).title).toBe("Nothing was logged so far");
    // The run goes on, but the step does not.
    expect(why({}, true).title).toBe("Nothing was logged");
  });
});
