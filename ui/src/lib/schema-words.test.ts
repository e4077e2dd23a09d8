import { describe, expect, it } from "vitest";
import { typeWords } from "./schema-words";

const DAY = { type: "object", properties: { date: { type: "string", format: "date" } }, required: ["date"] };

describe("typeWords", () => {
  it.each([
    [true, "anything"],
    [{}, "anything"],
    [{ title: "AnyValue" }, "anything"],
    [false, "nothing"],
    [{ type: "string", title: "string" }, "text"],
    [{ type: ["string", "null"], format: "date" }, "text (date) or null"],
    [{ type: "integer", format: "int64", title: "int64" }, "integer"],
    [{ type: "number", format: "double" }, "number"],
    [{ type: ["integer", "null"], title: "Nullable_int64" }, "integer or null"],
    [{ type: "array", items: { type: "integer" }, title: "Array_of_int64" }, "list of integer"],
    [{ type: "array" }, "list"],
    [{ type: "array", prefixItems: [{ type: "string" }, { type: "number" }] }, "[text, number]"],
    [{ type: "object", additionalProperties: { type: "number" } }, "map of number"],
    [{ type: "object", additionalProperties: true }, "object"],
    [{ type: "object" }, "object"],
    [{ const: "a" }, '"a"'],
    [{ enum: ["a", "b"], type: "string" }, '"a" | "b"'],
    [{ oneOf: [{ const: "a" }, { const: "b" }] }, '"a" | "b"'],
    [{ anyOf: [{ enum: ["a", "b"] }, { type: "null" }] }, '"a" | "b" or null'],
    [{ type: "array", items: { type: ["string", "null"] } }, "list of (text or null)"],
    [{ ...DAY, title: "Day" }, "Day"],
    [{ title: "Bytes", type: "string", "x-stepmill": "bytes" }, "bytes"],
    [{ title: "File", type: "object", "x-stepmill": "file", properties: {} }, "file"],
    [{ allOf: [{ $ref: "#/$defs/Day" }], $defs: { Day: DAY } }, "Day"],
  ])("%j is %s", (schema, words) => {
    expect(typeWords(schema)).toBe(words);
  });

  it("names what is referred to", () => {
    const $defs = { Day: DAY, Nullable_int: { type: ["integer", "null"] }, Bytes: { "x-stepmill": "bytes" } };
    expect(typeWords({ $defs, type: "array", items: { $ref: "#/$defs/Day" } })).toBe("list of Day");
    expect(typeWords({ $defs, anyOf: [{ $ref: "#/$defs/Day" }, { type: "null" }] })).toBe("Day or null");
    expect(typeWords({ $defs, $ref: "#/$defs/Nullable_int" })).toBe("integer or null");
    expect(typeWords({ $defs, $ref: "#/$defs/Bytes" })).toBe("bytes");
  });

  it("lists properties in the order of the type, and says which may be missing", () => {
    const properties = { a: {}, name: {}, total: {} };
    expect(typeWords({ type: "object", properties, required: ["total", "name"] })).toBe(
      "{ total, name, a? }",
    );
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`p${n}`, {}]));
    expect(typeWords({ properties: many, required: Object.keys(many) })).toBe("{ p0, p1, p2, p3, p4, … }");
  });

  it("says that it is a stream", () => {
    expect(typeWords({ title: "Day", ...DAY }, "rows")).toBe("rows of Day");
    expect(typeWords({ type: ["integer", "null"] }, "rows")).toBe("rows of (integer or null)");
  });

  it("tells null also behind many others", () => {
    const anyOf = [..."ABCDEFGH"].map((title) => ({ title }));
    expect(typeWords({ anyOf: [...anyOf, { type: "null" }] })).toBe("A or B or C or D or E or … or null");
  });
});

describe("typeWords of what a hostile module says", () => {
  it("ends when a type is made of itself", () => {
    expect(typeWords({ $ref: "#" })).toBe("itself");
    const $defs = { Array_of: { type: "array", items: { $ref: "#/$defs/Array_of" } } };
    expect(typeWords({ $defs, $ref: "#/$defs/Array_of" })).toMatch(/^list/);
    const circle = { Nullable_a: { $ref: "#/$defs/Nullable_b" }, Nullable_b: { $ref: "#/$defs/Nullable_a" } };
    expect(typeWords({ $defs: circle, $ref: "#/$defs/Nullable_a" })).toBe("Nullable_a");
  });

  it("ends soon, and stays short, whatever is nested", () => {
    let wide: unknown = { type: "string" };
    for (let level = 0; level < 40; level += 1) {
      wide = { anyOf: Array.from({ length: 40 }, () => ({ type: "array", items: wide })) };
    }
    const begun = performance.now();
    expect(typeWords(wide).length).toBeLessThan(160);
    expect(performance.now() - begun).toBeLessThan(200);
    expect(typeWords({ title: "A".repeat(1_000_000) }).length).toBeLessThan(40);
    expect(typeWords({ enum: Array.from({ length: 9_000 }, (_, n) => `${n}`) })).toContain("…");
  });

  it("hides nothing, turns nothing around", () => {
    expect(typeWords({ title: "Day\u202E\n\u0000" })).toBe("Day\uFFFD\uFFFD\uFFFD");
    expect(typeWords({ title: "🌧".repeat(40) })).toBe("anything");
    expect(typeWords({ const: "🌧".repeat(40) })).toBe(`"${"🌧".repeat(28)}…"`);
  });

  it.each([
    null,
    undefined,
    7,
    "x",
    [],
    { type: 7 },
    { type: "__proto__" },
    { type: [null, {}] },
    { type: [{ toString: 1 }], required: [{ toString: 1 }], properties: { a: 1 } },
    { enum: [{ toString: 1 }] },
    { $ref: 5 },
    { $ref: "#/$defs/constructor" },
    { $ref: "https://example.com/x" },
    { anyOf: [] },
    { enum: [] },
    { enum: [null, {}, [1]] },
    { anyOf: "x" },
    { properties: 5, required: 7, type: "object" },
    { type: "object", properties: { __proto__: null, a: 1 }, required: [{}] },
    { items: 5 },
    { prefixItems: [5, null] },
    { title: {} },
  ])("never throws: %j", (schema) => {
    expect(typeof typeWords(schema)).toBe("string");
    expect(typeWords(schema)).not.toBe("");
  });
});
