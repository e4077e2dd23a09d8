import { describe, expect, it } from "vitest";
import { crumbs, intoIndex, intoKey } from "./path";
import { ancestorsOf, findInTree } from "./search";
import { type Content, firstOpen, type Loaded, type TreeRow, wantKey } from "./tree";
import { moveInTree } from "./treeKeys";
import { treeRows } from "./treeRows";

const json = (json: unknown): Content => ({ kind: "json", json });
const NOTHING = new Map<string, Loaded>();

function rowsOf(content: Content, open: string[], loaded: ReadonlyMap<string, Loaded> = NOTHING): TreeRow[] {
  return treeRows({ path: "", content }, new Set(open), loaded);
}

describe("rows of a tree", () => {
  it("are those that are open, with the paths that lead to them", () => {
    const rows = rowsOf(json({ a: [1, { "b c": true }], d: null }), ["", "/0", "/0/1"]);
    expect(rows.map(({ label, path }) => [label, path])).toEqual([
      [undefined, ""],
      ["a", "a"],
      ["0", "a[0]"],
      ["1", "a[1]"],
      ["b c", 'a[1]["b c"]'],
      ["d", "d"],
    ]);
  });

  it("tell their place among their siblings", () => {
    const [, first, second] = rowsOf(json({ a: 1, b: 2 }), [""]);
    expect([first?.place, second?.place, second?.siblings, second?.depth]).toEqual([1, 2, 2, 1]);
  });

  it("cut a list of a million into ranges, of which none is there before it is opened", () => {
    const list: Content = { kind: "list", total: 1_000_000, elements: new Map([[0, "first"]]) };
    expect(rowsOf(list, [""])).toHaveLength(10_001);
    const rows = rowsOf(list, ["", "/100+"]);
    expect(rows[2]).toMatchObject({ label: "100 … 199", want: { path: "", offset: 100 } });
    expect(rows[3]?.remark).toEqual({ state: "loading" });
    const window = { total: 1_000_000, elements: new Map([[100, "here"]]) };
    const loaded = rowsOf(
      list,
      ["", "/100+"],
      new Map([[wantKey({ path: "", offset: 100 }), { state: "window", window }]]),
    );
    expect(loaded[3]).toMatchObject({ label: "100", path: "[100]", json: "here" });
    // Too large to come along: it can be asked for alone.
    expect(loaded[4]).toMatchObject({ label: "101", want: { path: "[101]" } });
  });

  it("survive nesting as deep as values may be", () => {
    let value: unknown = "deep";
    for (let depth = 0; depth < 64; depth += 1) value = [value];
    const open = Array.from({ length: 65 }, (_, depth) => "/0".repeat(depth));
    expect(rowsOf(json(value), open)).toHaveLength(65);
  });

  it("are open at first while that stays short", () => {
    expect([...firstOpen(json({ short: [1], long: Array(50).fill(0) }))]).toEqual(["", "/0"]);
  });
});

describe("keys in a tree", () => {
  const value = json({ a: { b: 1 }, c: 2 });
  const closed = rowsOf(value, [""]);
  const open = rowsOf(value, ["", "/0"]);

  it("go up and down, and stay inside", () => {
    expect(moveInTree("ArrowDown", closed, 0, 5)).toEqual({ do: "go", to: 1 });
    expect(moveInTree("ArrowDown", closed, 2, 5)).toEqual({ do: "go", to: 2 });
    expect(moveInTree("ArrowUp", closed, 0, 5)).toEqual({ do: "go", to: 0 });
    expect(moveInTree("End", closed, 0, 5)).toEqual({ do: "go", to: 2 });
  });

  it("open with right, then go in; close with left, then go out", () => {
    expect(moveInTree("ArrowRight", closed, 1, 5)).toEqual({ do: "open" });
    expect(moveInTree("ArrowRight", open, 1, 5)).toEqual({ do: "go", to: 2 });
    expect(moveInTree("ArrowRight", open, 2, 5)).toBeUndefined();
    expect(moveInTree("ArrowLeft", open, 2, 5)).toEqual({ do: "go", to: 1 });
    expect(moveInTree("ArrowLeft", open, 1, 5)).toEqual({ do: "close" });
  });

  it("mean nothing otherwise", () => {
    expect(moveInTree("x", open, 1, 5)).toBeUndefined();
  });
});

describe("finding", () => {
  it("meets keys and texts, and names the rows as the tree does", () => {
    const value = json({ name: "Ada", list: [{ Name: 1 }, "none"] });
    const { ids } = findInTree(value, "name");
    expect(ids).toEqual(["/0", "/1/0/0"]);
    const open = ids.flatMap(ancestorsOf);
    const rows = rowsOf(value, open);
    expect(ids.every((id) => rows.some((row) => row.id === id))).toBe(true);
  });

  it("goes into the ranges of long lists", () => {
    const list: Content = {
      kind: "list",
      total: 500,
      elements: new Map([
        [3, "x"],
        [120, "needle"],
      ]),
    };
    expect(findInTree(list, "NEEDLE").ids).toEqual(["/100+/120"]);
    expect(ancestorsOf("/100+/120")).toEqual(["", "/100+"]);
  });

  it("ends, and says that there is more", () => {
    const found = findInTree(json(Array.from({ length: 5_000 }, () => "x")), "x");
    expect(found.ids).toHaveLength(1_000);
    expect(found.more).toBe(true);
  });
});

describe("paths", () => {
  it("are written as pipelines write them, and read again", () => {
    const path = intoIndex(intoKey(intoKey("", "a"), 'high "°C"'), 3);
    expect(path).toBe('a["high \\"°C\\""][3]');
    expect(crumbs(path)?.map(({ label }) => label)).toEqual(["a", '["high \\"°C\\""]', "[3]"]);
    expect(crumbs("a..b")).toBeUndefined();
  });
});
