import { describe, expect, it } from "vitest";
import { jsonMistake } from "./json";

const place = (text: string) => {
  const mistake = jsonMistake(text);
  return mistake && `${mistake.line}:${mistake.column} ${mistake.message}`;
};

describe("jsonMistake", () => {
  it.each(["1", '{"a": [1, 2.5e3, null, true, {}], "b": []}', '"\\u00e4"', " [ ] "])(
    "finds none in %s",
    (text) => {
      expect(jsonMistake(text)).toBeUndefined();
    },
  );

  it.each([
    ["", "1:1 it ends where a value is missing"],
    ["{a: 1}", "1:2 a key in double quotes is missing before `a`"],
    ['{"a" 1}', "1:6 `:` is missing before `1`"],
    ['{\n  "a": 1\n  "b": 2\n}', '3:3 `,` or `}` is missing before `"`'],
    ["[1, 2", "1:6 it ends where `,` or `]` is missing"],
    ["[1, ]", "1:5 a value is missing before `]`"],
    ['{"a": 1,}', "1:9 a key in double quotes is missing before `}`"],
    ["[1]]", "1:4 nothing may follow, but there is `]`"],
    ["NaN", "1:1 a value is missing before `N`"],
    ["01", "1:2 nothing may follow, but there is `1`"],
    ['["a]', "1:5 the text is not closed with a double quote"],
    ['"\\x"', "1:2 there is no such escape in JSON"],
    ['"\t"', "1:2 a control character must be written as an escape"],
    ['["😀" 1]', "1:6 `,` or `]` is missing before `1`"],
  ])("finds the place in %j", (text, expected) => {
    expect(place(text)).toBe(expected);
  });

  it("is not stopped by depth", () => {
    expect(place("[".repeat(100_000))).toBe("1:100001 it ends where a value is missing");
  });
});
