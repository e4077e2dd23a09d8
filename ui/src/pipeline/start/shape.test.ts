import { describe, expect, it } from "vitest";
import type { Signature } from "../signatures";
import { readSchema, shapeMistake, shapeOf } from "./shape";

describe("readSchema", () => {
  it("finds choices and bounds behind references and beside null", () => {
    const root = {
      anyOf: [{ $ref: "#/$defs/Level" }, { type: "null" }],
      $defs: { Level: { type: "string", enum: ["low", "high"] } },
    };
    expect(readSchema(root).options).toEqual(["low", "high"]);
    expect(readSchema({ oneOf: [{ const: "a" }, { const: "b" }] }).options).toEqual(["a", "b"]);
    expect(readSchema({ type: "integer", minimum: 1, exclusiveMaximum: 9 })).toMatchObject({
      least: 1,
      below: 9,
    });
    expect(readSchema({ type: "string", format: "date" }).format).toBe("date");
  });

  it("survives whatever a module says", () => {
    const loop = { $ref: "#/$defs/A", $defs: { A: { $ref: "#/$defs/A" } } };
    for (const schema of [
      loop,
      null,
      true,
      3,
      { enum: [1, {}] },
      { minimum: "x" },
      { $ref: "#/$defs/__proto__" },
    ]) {
      expect(readSchema(schema).options).toBeUndefined();
    }
  });
});

it("joins what all steps demand that are given the parameter whole", () => {
  const take = (schema: unknown): Signature =>
    ({
      name: "s",
      description: "",
      output: "value",
      output_schema: true,
      parameters: [{ name: "n", role: "input", form: "value", optional: false, schema }],
    }) as unknown as Signature;
  const node = (name: string, from: string) => ({
    name,
    uses: "m/s",
    inputs: [{ name: "n", from, source: "param" as const }],
  });
  const graph = {
    pipeline: "p",
    nodes: [node("a", "params.n"), node("b", "params.n"), node("c", "params.n.part")],
    edges: [],
  };
  const signatures = new Map([
    ["a", take({ type: "integer", minimum: 1, maximum: 10 })],
    ["b", take({ type: "integer", minimum: 3 })],
    ["c", take({ type: "integer", maximum: 2 })],
  ]);
  expect(shapeOf("n", graph, signatures)).toMatchObject({ least: 3, most: 10 });
  expect(shapeOf("other", graph, signatures)).toEqual({});
});

describe("shapeMistake", () => {
  it.each([
    [{ least: 3 }, "2", true],
    [{ least: 3 }, "3", false],
    [{ above: 3 }, "3", true],
    [{ below: 3 }, "3", true],
    [{ most: 3 }, "3.5", true],
    [{ options: ["a"] }, '"b"', true],
    [{ options: ["a"] }, '"a"', false],
    // As many characters as a person counts.
    [{ minLength: 2 }, '"😀"', true],
    [{ maxLength: 1 }, '"😀"', false],
    [{ format: "date" as const }, '"31.1.2026"', true],
    [{ format: "date" as const }, '"2026-01-31"', false],
    [{ least: 3 }, "[1]", false],
  ])("of %j and %s", (shape, json, wrong) => {
    expect(shapeMistake(shape, json) !== undefined).toBe(wrong);
  });
});
