import { describe, expect, it } from "vitest";
import { initialValue, initialValues, type Param, parseValue, startBody } from "./params";

const param = (kind: Param["kind"], given?: unknown): Param => ({
  name: "p",
  kind,
  ...(given === undefined ? {} : { default: given }),
});

const json = (kind: Param["kind"], text: string) => parseValue(param(kind), text);

describe("integers", () => {
  it.each([
    ["0", "0"],
    [" 42 ", "42"],
    ["+7", "7"],
    ["-0", "0"],
    ["007", "7"],
    // Beyond 2^53, to the last digit.
    ["9007199254740993", "9007199254740993"],
    ["9223372036854775807", "9223372036854775807"],
    ["-9223372036854775808", "-9223372036854775808"],
  ])("takes %j", (text, expected) => {
    expect(json("integer", text)).toEqual({ json: expected });
  });

  it.each(["9223372036854775808", "-9223372036854775809", "1.0", "1e3", "0x10", "NaN", "1_000", "- 1", " "])(
    "refuses %j",
    (text) => {
      expect(json("integer", text)).toHaveProperty("mistake");
    },
  );
});

describe("numbers", () => {
  it.each([
    ["0.5", "0.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["-1e-3", "-0.001"],
    ["1E6", "1000000"],
    ["9007199254740993", "9007199254740993"],
    ["1e300", "1e+300"],
  ])("takes %j", (text, expected) => {
    expect(json("number", text)).toEqual({ json: expected });
    expect(() => JSON.parse(expected)).not.toThrow();
  });

  it.each(["NaN", "Infinity", "-Infinity", "1e999", "", "1,5", "0x10", "."])("refuses %j", (text) => {
    expect(json("number", text)).toHaveProperty("mistake");
  });
});

describe("other kinds", () => {
  it("sends text as it is", () => {
    expect(json("string", ' "a"\n')).toEqual({ json: '" \\"a\\"\\n"' });
  });

  it("tells the place of a mistake in JSON", () => {
    expect(json("json", '{"a": }')).toEqual({
      mistake: "Not JSON: a value is missing before `}` (line 1, column 7)",
    });
  });

  it("sends JSON as it was typed, with all digits", () => {
    expect(json("json", "[12345678901234567890]")).toEqual({ json: "[12345678901234567890]" });
  });

  it("knows booleans from a choice as well as from a switch", () => {
    expect(json("boolean", "false")).toEqual({ json: "false" });
    expect(parseValue(param("boolean", true), false)).toEqual({ json: "false" });
  });

  it("names an uploaded file by its id alone", () => {
    const file = { file: "f1", name: "a.csv", size: 3, until: "" };
    expect(parseValue(param("file"), file)).toEqual({ json: '{"file":"f1"}' });
  });
});

describe("what is left empty", () => {
  it.each(["string", "integer", "number", "boolean", "file", "json"] as const)(
    "is a mistake for a required %s",
    (kind) => {
      expect(parseValue(param(kind), initialValue(param(kind)))).toHaveProperty("mistake");
    },
  );

  it("means the default", () => {
    expect(parseValue(param("integer", 3), "")).toEqual({ json: undefined });
    expect(parseValue(param("json", [1]), "")).toEqual({ json: undefined });
  });

  it("is an empty text where there is a default to differ from", () => {
    expect(parseValue(param("string", "world"), "")).toEqual({ json: '""' });
  });
});

describe("defaults", () => {
  it("are filled in, and not sent unless they were changed", () => {
    expect(initialValue(param("number", 0.25))).toBe("0.25");
    expect(parseValue(param("number", 0.25), "0.25")).toEqual({ json: undefined });
    expect(parseValue(param("number", 0.25), "0.5")).toEqual({ json: "0.5" });
    expect(initialValue(param("json", { a: 1 }))).toBe('{\n  "a": 1\n}');
  });

  it("are not shown rounded", () => {
    expect(initialValue(param("integer", 2 ** 60))).toBe("");
  });
});

describe("startBody", () => {
  it("puts values in without rounding them", () => {
    const params: Param[] = [
      { name: "n", kind: "integer" },
      { name: "same", kind: "string", default: "x" },
      { name: "flag", kind: "boolean", default: false },
    ];
    const values = { ...initialValues(params), n: "9007199254740993", flag: true };
    expect(startBody(params, values, false)).toBe(
      '{"params":{"n":9007199254740993,"flag":true},"cache":false}',
    );
    expect(startBody([], {}, true)).toBe('{"params":{},"cache":true}');
  });
});
