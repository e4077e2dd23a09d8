/** Comma-separated values as a table. */

import { parse } from "papaparse";
import type { ReadText } from "./files";

export interface CsvTable {
  head: string[];
  rows: string[][];
  /** Of each column: whether there is nothing but numbers in it. */
  numeric: boolean[];
  /** There are more rows. */
  more: boolean;
}

/** More than anybody reads without another program. */
export const MAX_ROWS = 500;
const MAX_COLUMNS = 60;

/** The first rows. All rows get as many cells as the longest one, so that the columns stand below each other. */
export function csvTable({ text, cut }: ReadText): CsvTable {
  // One more for the head, and one to know of more.
  const { data, meta } = parse<string[]>(text, { preview: MAX_ROWS + 2, skipEmptyLines: "greedy" });
  // Where the text was cut, the last row may be half of one.
  if (cut && !meta.truncated) data.pop();
  const width = Math.min(Math.max(0, ...data.map((row) => row.length)), MAX_COLUMNS);
  const [head = [], ...rows] = data.map((row) => Array.from({ length: width }, (_, at) => row[at] ?? ""));
  const shown = rows.slice(0, MAX_ROWS);
  const numeric = head.map((_, at) => isNumeric(shown.map((row) => row[at] ?? "")));
  return { head, rows: shown, numeric, more: cut || rows.length > MAX_ROWS };
}

function isNumeric(cells: string[]): boolean {
  const present = cells.filter((cell) => cell.trim() !== "");
  return (
    present.length > 0 && present.every((cell) => /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(cell))
  );
}
