/** What keys do in a tree, as the ARIA practices say. */

import type { TreeRow } from "./tree";

export type Move = { do: "go"; to: number } | { do: "open" } | { do: "close" } | { do: "siblings" };

/** What a key means on the row `at`; nothing if it has no meaning there. */
export function moveInTree(key: string, rows: TreeRow[], at: number, page: number): Move | undefined {
  const row = rows[at];
  if (!row) return undefined;
  const go = (to: number): Move => ({ do: "go", to: Math.max(0, Math.min(rows.length - 1, to)) });
  switch (key) {
    case "ArrowDown":
      return go(at + 1);
    case "ArrowUp":
      return go(at - 1);
    case "PageDown":
      return go(at + page);
    case "PageUp":
      return go(at - page);
    case "Home":
      return go(0);
    case "End":
      return go(rows.length - 1);
    case "ArrowRight":
      if (!row.openable) return undefined;
      return row.open ? go(at + 1) : { do: "open" };
    case "ArrowLeft": {
      if (row.open) return { do: "close" };
      const parent = rows.findIndex((other) => other.id === row.parent);
      return parent < 0 ? undefined : go(parent);
    }
    case "Enter":
    case " ":
      return row.openable ? { do: row.open ? "close" : "open" } : undefined;
    case "*":
      return { do: "siblings" };
    default:
      return undefined;
  }
}
