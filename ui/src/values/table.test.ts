import { describe, expect, it } from "vitest";
import { columnsOf } from "./columns";
import { csvTable } from "./csv";
import { previewKind } from "./files";
import { nextSort, sortRows } from "./sort";
import { firstView, viewsOf } from "./views";

const output = { form: "value", hash: "sha256:0", size_bytes: 1 } as const;

describe("columns", () => {
  it("are the keys of all rows, with their types", () => {
    const columns = columnsOf([
      { a: 1, b: "x" },
      { a: { $float: "1.0" }, c: null },
    ]);
    expect(columns.map(({ key, type, numeric }) => [key, type, numeric])).toEqual([
      ["a", "number", true],
      ["b", "string", false],
      ["c", "", false],
    ]);
  });

  it("have one for rows that are no maps, and for maps whose keys are no texts", () => {
    expect(columnsOf([{ a: 1 }, 5]).map(({ key }) => key)).toEqual(["a", undefined]);
    expect(columnsOf([{ $map: [[1, 2]] }]).map(({ key }) => key)).toEqual([undefined]);
  });
});

describe("sorting", () => {
  const rows = new Map<number, unknown>([
    [0, { n: { $int: "18446744073709551615" } }],
    [1, { n: 9 }],
    [2, { n: null }],
    [3, { n: { $int: "18446744073709551614" } }],
    [4, { n: 2.5 }],
  ]);

  it("knows large integers apart, and puts what is not there last", () => {
    expect(sortRows(rows, { key: "n", down: false })).toEqual([4, 1, 3, 0, 2]);
    expect(sortRows(rows, { key: "n", down: true })).toEqual([0, 3, 1, 4, 2]);
  });

  it("goes from the smallest to the largest to none", () => {
    expect(nextSort(undefined, "n")).toEqual({ key: "n", down: false });
    expect(nextSort({ key: "n", down: false }, "n")).toEqual({ key: "n", down: true });
    expect(nextSort({ key: "n", down: true }, "n")).toBeUndefined();
    expect(nextSort({ key: "n", down: true }, "m")).toEqual({ key: "m", down: false });
  });
});

describe("views", () => {
  it("are only those that fit", () => {
    expect(viewsOf({ output, value: [{ a: 1 }], total: 1 }, 0)).toEqual(["table", "tree", "raw"]);
    expect(viewsOf({ output, value: [1], total: 1 }, 0)).toEqual(["tree", "raw"]);
    expect(viewsOf({ output, value: 1 }, 2)).toEqual(["tree", "raw", "files"]);
  });

  it("begin with the file of a step that returned nothing else", () => {
    const file = { $file: { name: "a.csv", media_type: "text/csv", size: 1, hash: "0" } };
    expect(firstView({ output, value: file }, ["tree", "raw", "files"])).toBe("files");
    expect(firstView({ output, value: { a: file } }, ["tree", "raw", "files"])).toBe("tree");
  });
});

describe("files", () => {
  it("are shown by the end of their name, as the host does", () => {
    expect(["a.HTML", "b.svg", "c.csv", "d.pdf", "e.md", "README", "x.constructor"].map(previewKind)).toEqual(
      ["page", "image", "csv", "none", "text", "text", "text"],
    );
  });

  it("of commas become tables of even rows", () => {
    const table = csvTable({ text: 'a,b\n1,"x,\ny"\n2\n', cut: false });
    expect(table).toEqual({
      head: ["a", "b"],
      rows: [
        ["1", "x,\ny"],
        ["2", ""],
      ],
      numeric: [true, false],
      more: false,
    });
  });

  it("that were cut lose the row that may be half of one", () => {
    expect(csvTable({ text: "a\n1\n2", cut: true })).toMatchObject({ rows: [["1"]], more: true });
  });
});
