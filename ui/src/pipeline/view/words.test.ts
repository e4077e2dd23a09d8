import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { duration } from "@/lib/time";
import type { Signature } from "../signatures";
import { givenTo, retryWords, runsWhen } from "./words";

const graph: Api<"GraphView"> = {
  pipeline: "p",
  nodes: [],
  edges: [
    { from: "a", to: "b", kind: "data" },
    { from: "a", to: "c", kind: "condition" },
  ],
  branches: [{ name: "size", cases: [{ name: "big", condition: "a > 1" }, { name: "rest" }] }],
};

describe("runsWhen", () => {
  it("says what the steps before it must have come to", () => {
    expect(runsWhen({ name: "b", uses: "m/s" }, graph)).toEqual([
      { says: "All steps before it have succeeded." },
    ]);
    expect(runsWhen({ name: "b", uses: "m/s", join: "any_success" }, graph)[0]?.says).toContain("Any step");
    expect(runsWhen({ name: "a", uses: "m/s" }, graph)).toEqual([{ says: "The run begins." }]);
    expect(runsWhen({ name: "z", uses: "m/s", finally: true }, graph)[0]?.says).toContain("All other steps");
  });

  it("says which case of which branch is taken, and what must be true", () => {
    const step = { name: "c", uses: "m/s", branches: ["size.big"], when: "a < 9" };
    expect(runsWhen(step, graph)).toEqual([
      { says: "Branch size takes the case big.", code: "a > 1" },
      { says: "This is true:", code: "a < 9" },
    ]);
    const other = { name: "c", uses: "m/s", branches: ["size.rest"] };
    expect(runsWhen(other, graph)).toEqual([{ says: "Branch size takes the case rest." }]);
  });
});

it("says how often a step is tried", () => {
  const retry = { max_attempts: 3, initial_ms: 200, factor: 2, max_ms: 60_000, jitter: true };
  expect(retryWords(retry, duration)).toBe(
    "It is tried at most 3 times. The next attempt comes after 200 ms, then 2 times as long each time, at most 1 min; waits are shortened at random.",
  );
  expect(retryWords({ ...retry, factor: 1, jitter: false }, duration)).toBe(
    "It is tried at most 3 times. The next attempt comes after 200 ms.",
  );
});

describe("givenTo", () => {
  const step: Api<"NodeView"> = {
    name: "a",
    uses: "m/s",
    inputs: [
      { name: "top", from: "3", source: "literal" },
      { name: "days", from: "clean", source: "step" },
    ],
  };

  it("keeps the order of the module, and what is not given", () => {
    const parameter = (name: string, role: string) => ({
      name,
      role,
      form: "value",
      optional: true,
      schema: {},
    });
    const signature = {
      parameters: [parameter("days", "input"), parameter("least", "config"), parameter("top", "config")],
    } as unknown as Signature;
    const given = givenTo(step, signature).map(({ name, role, input }) => [name, role, input?.from]);
    expect(given).toEqual([
      ["days", "input", "clean"],
      ["least", "config", undefined],
      ["top", "config", "3"],
    ]);
  });

  it("does without a module", () => {
    expect(givenTo(step, undefined).map(({ name, role }) => [name, role])).toEqual([
      ["top", "config"],
      ["days", "input"],
    ]);
  });
});
