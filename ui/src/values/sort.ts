/** Rows of a table in the order of a column. */

import { cellOf, cellText } from "./columns";
import { classify } from "./value";

export interface Sort {
  key: string | undefined;
  down: boolean;
}

/** What a click on a head does: from the smallest, from the largest, not at all. */
export function nextSort(sort: Sort | undefined, key: string | undefined): Sort | undefined {
  if (!sort || sort.key !== key) return { key, down: false };
  return sort.down ? undefined : { key, down: true };
}

/** The numbers of the rows, sorted; those without a value come last, and those that are alike stay as they were. */
export function sortRows(rows: ReadonlyMap<number, unknown>, { key, down }: Sort): number[] {
  const cells = [...rows].map(([index, row]) => ({ index, ...rank(cellOf(row, key)) }));
  cells.sort((one, other) => {
    if (one.group !== other.group && (one.group === NOTHING || other.group === NOTHING)) {
      return one.group - other.group;
    }
    const order = one.group - other.group || compare(one.value, other.value);
    return (down ? -order : order) || one.index - other.index;
  });
  return cells.map(({ index }) => index);
}

const [NUMBER, TEXT, NOTHING] = [0, 1, 2];

interface Rank {
  group: number;
  value: number | bigint | string;
}

function rank(cell: unknown): Rank {
  if (cell === undefined || cell === null) return { group: NOTHING, value: 0 };
  const value = classify(cell);
  if (value.kind !== "number") return { group: TEXT, value: cellText(cell) };
  if (value.text === "NaN") return { group: NOTHING, value: 1 };
  return { group: NUMBER, value: /^-?\d+$/.test(value.text) ? BigInt(value.text) : Number(value.text) };
}

/** Integers are compared as what they are, however large. */
function compare(one: Rank["value"], other: Rank["value"]): number {
  if (typeof one === "string" && typeof other === "string") return one.localeCompare(other);
  return one < other ? -1 : one > other ? 1 : 0;
}
