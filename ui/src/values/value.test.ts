import { describe, expect, it } from "vitest";
import { jsonText, readJson } from "./json";
import { timestampText } from "./timestamp";
import { classify, copyText, summary, typeWord } from "./value";

describe("what a value is", () => {
  it("shows integers beyond those of JavaScript as they are", () => {
    const value = classify({ $int: "18446744073709551615" });
    expect(value).toEqual({ kind: "number", text: "18446744073709551615" });
    expect(typeWord(value)).toBe("integer");
  });

  it("tells floats that are no numbers", () => {
    expect(summary({ $float: "NaN" })).toBe("NaN");
    expect(typeWord(classify({ $float: "-Infinity" }))).toBe("float");
  });

  it("tells words of the host from maps that look like them", () => {
    expect(classify({ $bytes: "AP8=" })).toMatchObject({ kind: "bytes", size: 2 });
    expect(classify({ $bytes: 5 }).kind).toBe("map");
    expect(classify({ $ref: "x" }).kind).toBe("map");
    expect(classify({ $file: { name: "a" } }).kind).toBe("map");
    expect(classify({ $map: [["$int", "5"]] })).toEqual({
      kind: "map",
      entries: [{ key: "$int", value: "5", reachable: true }],
    });
  });

  it("knows that no path leads to the second of two keys, nor to one that is no text", () => {
    const value = classify({
      $map: [
        ["a", 1],
        ["a", 2],
        [7, 3],
      ],
    });
    expect(value.kind === "map" && value.entries.map(({ reachable }) => reachable)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("cuts summaries, however large the value", () => {
    expect(summary("x".repeat(1_000_000)).length).toBeLessThan(100);
    expect(summary(Array.from({ length: 100_000 }, () => "text")).length).toBeLessThan(100);
  });

  it("shows bytes as digits", () => {
    expect(summary({ $bytes: "AP8=" })).toBe("00 ff");
    expect(summary({ $bytes: btoa("\0".repeat(1_000)) }, 12)).toBe("00 00 00 00 …");
    expect(summary({ $bytes: "" })).toBe("");
  });

  it("reads the moments of MessagePack", () => {
    expect(classify({ $ext: [-1, "AAAAAA=="] })).toEqual({ kind: "timestamp", text: "1970-01-01T00:00:00Z" });
    // 2^34 nanoseconds and 1 second.
    expect(timestampText(btoa("\0\0\0\x04\0\0\0\x01"))).toBe("1970-01-01T00:00:01.000000001Z");
    expect(timestampText(btoa("\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"))).toBe("1969-12-31T23:59:59Z");
    expect(classify({ $ext: [-1, "AA=="] }).kind).toBe("extension");
    expect(classify({ $ext: [-1, "not base64"] }).kind).toBe("extension");
  });
});

describe("JSON", () => {
  it("keeps floats without a fraction, and the sign of zero", () => {
    const read = readJson('{"whole":1.0,"int":1,"zero":-0.0,"large":1e300,"text":"1.0"}');
    expect(read).toEqual({
      whole: { $float: "1.0" },
      int: 1,
      zero: { $float: "-0.0" },
      large: { $float: "1e300" },
      text: "1.0",
    });
    expect(typeWord(classify((read as { whole: unknown }).whole))).toBe("float");
  });

  it("is written as it was read", () => {
    expect(jsonText(readJson('[1.0,{"$float":"NaN"},"{\\"$float\\": \\"1\\"}"]'))).toBe(
      '[\n  1.0,\n  {\n    "$float": "NaN"\n  },\n  "{\\"$float\\": \\"1\\"}"\n]',
    );
  });

  it("copies texts as they are, and other values as JSON", () => {
    expect(copyText("a\nb")).toBe("a\nb");
    expect(copyText(readJson("2.0"))).toBe("2.0");
  });
});
