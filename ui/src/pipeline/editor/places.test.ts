import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { marksOf, type Problem, positionOf, problemWords } from "./places";

const doc = Text.of(['name = "ü😀x"', "", "[steps.a]"]);

function problem(places: Problem["places"], more: Partial<Problem> = {}): Problem {
  return { code: "x", severity: "error", message: "wrong", places, ...more };
}

describe("positionOf", () => {
  it("counts from 1", () => {
    expect(positionOf(doc, 1, 1)).toBe(0);
    expect(positionOf(doc, 3, 2)).toBe(doc.line(3).from + 1);
  });

  it("counts characters, of which some are two units", () => {
    // The `x` behind the emoji is the 11th character, but the 12th unit.
    expect(doc.sliceString(positionOf(doc, 1, 11), positionOf(doc, 1, 12))).toBe("x");
  });

  it("stays in the text, whatever was deleted from it since", () => {
    expect(positionOf(doc, 2, 9)).toBe(doc.line(2).from);
    expect(positionOf(doc, 9, 1)).toBe(doc.length);
    expect(positionOf(doc, 0, 0)).toBe(0);
  });
});

describe("marksOf", () => {
  it("marks each place, the help at the main one", () => {
    const marks = marksOf(doc, [
      problem(
        [
          { line: 3, column: 2, end_line: 3, end_column: 7, label: "here" },
          { line: 1, column: 1, end_line: 1, end_column: 5, label: "first named" },
        ],
        { help: "rename it" },
      ),
    ]);
    expect(marks.map((mark) => [doc.sliceString(mark.from, mark.to), mark.message, mark.help])).toEqual([
      ["name", "first named", undefined],
      ["steps", "wrong: here", "rename it"],
    ]);
  });

  it("never ends before it begins", () => {
    const [mark] = marksOf(doc, [problem([{ line: 3, column: 4, end_line: 1, end_column: 1 }])]);
    expect(mark?.to).toBe(mark?.from);
  });

  it("has nothing to mark for a problem without a place", () => {
    expect(marksOf(doc, [problem([])])).toEqual([]);
  });
});

describe("problemWords", () => {
  it("tells errors from warnings", () => {
    expect(problemWords([])).toBe("No problems");
    expect(problemWords([problem([]), problem([]), problem([], { severity: "warning" })])).toBe(
      "2 problems, 1 warning",
    );
  });
});
