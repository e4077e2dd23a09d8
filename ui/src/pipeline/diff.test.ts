import { describe, expect, it } from "vitest";
import { type DiffLine, diffLines, foldSame } from "./diff";

const SIGNS = { same: " ", added: "+", removed: "-" };
const signs = (lines: DiffLine[]) => lines.map((line) => SIGNS[line.kind] + line.text).join("|");
const text = (...lines: string[]) => `${lines.join("\n")}\n`;

/** What each side is made of again. */
function sides(lines: DiffLine[]): [string[], string[]] {
  return [
    lines.filter((line) => line.kind !== "added").map((line) => line.text),
    lines.filter((line) => line.kind !== "removed").map((line) => line.text),
  ];
}

describe("diffLines", () => {
  it("finds nothing where nothing changed, whatever ends the lines", () => {
    expect(signs(diffLines("a\r\nb\r\n", "a\nb"))).toBe(" a| b");
    expect(diffLines("", "")).toEqual([]);
  });

  it("finds lines that were added, removed and replaced", () => {
    expect(signs(diffLines(text("a", "c"), text("a", "b", "c")))).toBe(" a|+b| c");
    expect(signs(diffLines(text("a", "b", "c"), text("a", "c")))).toBe(" a|-b| c");
    expect(signs(diffLines(text("a", "b", "c"), text("a", "x", "c")))).toBe(" a|-b|+x| c");
    expect(signs(diffLines("", text("a")))).toBe("+a");
    expect(signs(diffLines(text("a"), ""))).toBe("-a");
  });

  it("keeps what both have in common between changes", () => {
    expect(
      signs(diffLines(text("a", "b", "c", "a", "b", "b", "a"), text("c", "b", "a", "b", "a", "c"))),
    ).toBe("-a|-b| c|+b| a| b|-b| a|+c");
  });

  it("numbers the lines of both sides", () => {
    const lines = diffLines(text("a", "b"), text("x", "b"));
    expect(lines.map((line) => [line.before, line.after])).toEqual([
      [1, undefined],
      [undefined, 1],
      [2, 2],
    ]);
  });

  it("is as short as possible and always makes both texts again", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const make = () => Array.from({ length: random(9) }, () => "abc"[random(3)] ?? "a");
      const [before, after] = [make(), make()];
      const lines = diffLines(before.join("\n"), after.join("\n"));
      expect(sides(lines)).toEqual([before, after]);
      const same = lines.filter((line) => line.kind === "same").length;
      expect(same).toBe(common(before, after));
    }
  });

  it("gives up on texts that have nothing in common, but shows both", () => {
    const make = (letter: string) => Array.from({ length: 3_000 }, (_, line) => `${letter}${line}`);
    expect(sides(diffLines(make("a").join("\n"), make("b").join("\n")))).toEqual([make("a"), make("b")]);
  });
});

/** The length of the longest common subsequence, in the plain way. */
function common(one: string[], other: string[]): number {
  let row = Array<number>(other.length + 1).fill(0);
  for (const left of one) {
    const next = [0];
    other.forEach((right, at) => {
      next.push(left === right ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    });
    row = next;
  }
  return row.at(-1) ?? 0;
}

describe("foldSame", () => {
  it("leaves out what is far from any change", () => {
    const lines = diffLines(text("1", "2", "3", "4", "5"), text("1", "2", "3", "4", "x"));
    expect(foldSame(lines, 1).map((part) => ("left" in part ? part.left : signs(part.lines)))).toEqual([
      3,
      " 4|-5|+x",
    ]);
  });

  it("shows nothing of texts that are the same", () => {
    expect(foldSame(diffLines(text("a", "b"), text("a", "b")), 3)).toEqual([{ left: 2 }]);
  });
});
