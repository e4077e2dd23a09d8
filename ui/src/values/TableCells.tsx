import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type Column, cellOf, cellText } from "./columns";
import { Plain } from "./Plain";
import type { Sort } from "./sort";
import type { RowState } from "./useRows";
import { classify } from "./value";
import { visible } from "./visible";

interface HeadProps {
  column: Column;
  sort: Sort | undefined;
  onSort: () => void;
}

/** The head of a column: its name and type. A click sorts by it. */
export function Head({ column, sort, onSort }: HeadProps) {
  const isSorted = sort !== undefined && sort.key === column.key;
  const Arrow = sort?.down ? ArrowDown : ArrowUp;
  return (
    <div
      role="columnheader"
      aria-sort={isSorted ? (sort.down ? "descending" : "ascending") : "none"}
      className="min-w-0"
    >
      <button
        type="button"
        title={`Sort by ${visible(column.label.slice(0, 200))}`}
        onClick={onSort}
        className={clsx(
          "flex h-8 w-full items-center gap-1 px-2 font-sans font-medium hover:text-text",
          column.numeric && "justify-end",
        )}
      >
        <span className="truncate">
          <Plain text={column.label.slice(0, 80)} />
        </span>
        <span className="shrink-0 text-2xs font-normal text-faint">{column.type}</span>
        {isSorted && <Arrow size={13} aria-hidden className="shrink-0 text-accent" />}
      </button>
    </div>
  );
}

/** The cells of a row, or why there are none. */
export function Cells({ columns, state }: { columns: Column[]; state: RowState }) {
  if (typeof state === "string") {
    return (
      <div role="cell" className="px-2 font-sans text-muted" style={{ gridColumn: "2 / -1" }}>
        {state === "loading"
          ? "Loading…"
          : state === "failed"
            ? "Could not be loaded"
            : "Too large for a table"}
      </div>
    );
  }
  return columns.map(({ key, numeric }) => {
    const cell = cellOf(state.json, key);
    const text = cellText(cell);
    return (
      <div
        key={key ?? "-"}
        role="cell"
        title={text.length > 20 ? visible(text) : undefined}
        className={clsx("truncate px-2", numeric && "tabular text-right", isScalar(cell) || "text-muted")}
      >
        <Plain text={text} />
      </div>
    );
  });
}

/** Told from `null` and what is inside something by its colour. */
function isScalar(cell: unknown): boolean {
  const { kind } = classify(cell);
  return kind !== "null" && kind !== "list" && kind !== "map";
}
