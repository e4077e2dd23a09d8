/** The columns of a table, told from some of its rows. */

import { classify, isRecord, summary, typeWord } from "./value";

export interface Column {
  /** The key in each row; nothing where the row itself is the cell. */
  key: string | undefined;
  label: string;
  /** Of what is there, such as `integer`; `mixed` where it differs. */
  type: string;
  /** All that is there are numbers: they stand below each other. */
  numeric: boolean;
  /** In characters. */
  width: number;
}

/** More columns than anybody reads. */
export const MAX_COLUMNS = 100;
const MIN_WIDTH = 6;
const MAX_WIDTH = 40;

/** Whether a value is better read as a table: a list of maps. */
export function isTabular(elements: unknown[]): boolean {
  return elements.length > 0 && elements.every((element) => classify(element).kind === "map");
}

/** The keys of the rows, in the order in which they are met. */
export function columnsOf(rows: unknown[]): Column[] {
  const keys = new Set<string>();
  let plain = false;
  for (const row of rows) {
    if (isRecord(row) && classify(row).kind === "map" && !("$map" in row)) {
      for (const key of Object.keys(row)) if (keys.size < MAX_COLUMNS) keys.add(key);
    } else if (row !== null) plain = true;
  }
  const columns = [...keys].map((key) => column(key, key, rows));
  return plain || columns.length === 0 ? [...columns, column(undefined, "value", rows)] : columns;
}

function column(key: string | undefined, label: string, rows: unknown[]): Column {
  const present = rows.map((row) => cellOf(row, key)).filter((cell) => cell !== undefined && cell !== null);
  const type = typeOf(present);
  const longest = Math.max(
    label.length + type.length + 1,
    ...present.slice(0, 100).map((cell) => cellText(cell).length),
  );
  const width = Math.min(Math.max(longest, MIN_WIDTH), MAX_WIDTH) + 3;
  return { key, label, type, numeric: NUMBERS.has(type), width };
}

const NUMBERS = new Set(["integer", "float", "number"]);

function typeOf(cells: unknown[]): string {
  const found = new Set(
    cells.map((cell) => {
      const value = classify(cell);
      // How long they are differs, and does not matter.
      return value.kind === "list" || value.kind === "map" ? value.kind : typeWord(value);
    }),
  );
  const [first = "", ...others] = found;
  if (others.length === 0) return first;
  return [...found].every((type) => NUMBERS.has(type)) ? "number" : "mixed";
}

/** What a row has in a column; `undefined` where it has no such key. */
export function cellOf(row: unknown, key: string | undefined): unknown {
  const isMap = isRecord(row) && classify(row).kind === "map" && !("$map" in row);
  if (key === undefined) return isMap ? undefined : row;
  return isMap && Object.hasOwn(row, key) ? row[key] : undefined;
}

/** A cell in one line. Texts stand without quotes. */
export function cellText(cell: unknown): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return cell.slice(0, 200).replaceAll(/\s*\n\s*/g, " ⏎ ");
  return summary(cell, 100);
}
