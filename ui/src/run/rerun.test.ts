import { describe, expect, it } from "vitest";
import { detail, step } from "./fixtures";
import { changedParams, firstKind, rerunBody } from "./rerun";

it("offers first what repairs the run", () => {
  expect(firstKind(detail([step("a"), step("b", { state: "failed" })]))).toBe("failed");
  expect(firstKind(detail([step("a"), step("b", { state: "skipped" })]))).toBe("whole");
});

describe("changedParams", () => {
  it("takes only what is not as it was", () => {
    const { params, mistakes } = changedParams({ a: "1", b: "3" }, { a: "1", b: "2" });
    expect([...params]).toEqual([["b", "3"]]);
    expect(mistakes.size).toBe(0);
  });

  it("says what is no JSON", () => {
    const { params, mistakes } = changedParams({ a: "{" }, { a: "1" });
    expect(params.size).toBe(0);
    expect(mistakes.get("a")).toMatch(/^Not JSON: .+ \(line 1/);
  });
});

describe("rerunBody", () => {
  it("keeps numbers that a browser would round", () => {
    const body = rerunBody("whole", undefined, new Map([["big", "9007199254740993"]]), true);
    expect(body).toBe('{"failed":false,"from":[],"params":{"big":9007199254740993},"cache":true}');
  });

  it("names the step only where the run begins there", () => {
    expect(JSON.parse(rerunBody("from", 'a"b', new Map(), false))).toEqual({
      failed: false,
      from: ['a"b'],
      params: {},
      cache: false,
    });
    expect(JSON.parse(rerunBody("failed", "a", new Map(), true))).toMatchObject({ failed: true, from: [] });
  });
});
