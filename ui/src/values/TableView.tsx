import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { count, plural } from "@/lib/units";
import type { Column } from "./columns";
import { intoIndex } from "./path";
import { nextSort, type Sort, sortRows } from "./sort";
import type { OutputPart, OutputSource } from "./source";
import { Cells, Head } from "./TableCells";
import { useRows } from "./useRows";
import { visible } from "./visible";

const ROW = 28;
/** A browser lays out nothing higher than some ten million pixels. */
const MAX_ROWS = 400_000;

interface Props {
  source: OutputSource;
  path: string;
  part: OutputPart;
  /** Shows a row alone. */
  onFocusPath: (path: string) => void;
}

/** The rows that were here when it was sorted, in that order. */
interface Sorted {
  sort: Sort;
  rows: ReadonlyMap<number, unknown>;
  order: number[];
}

/** A list as a table. Rows are asked for when they are scrolled to. */
export function TableView({ source, path, part, onFocusPath }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sorted, setSorted] = useState<Sorted>();
  const total = part.total ?? 0;
  const virtual = useVirtualizer({
    count: sorted ? sorted.order.length : Math.min(total, MAX_ROWS),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const seen = virtual.getVirtualItems();
  // Sorted rows are all here: nothing is asked for.
  const [from, until] = sorted ? [0, 0] : [seen[0]?.index ?? 0, seen.at(-1)?.index ?? 0];
  const rows = useRows(source, path, part, from, until);
  const grid = tracks(rows.columns, total);

  const sortBy = (key: string | undefined) => {
    const sort = nextSort(sorted?.sort, key);
    const loaded = rows.loaded();
    setSorted(sort && { sort, rows: loaded, order: sortRows(loaded, sort) });
    scroller.current?.scrollTo({ top: 0 });
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div ref={scroller} className="min-h-24 flex-1 overflow-auto font-mono text-xs">
        <div role="table" aria-label="Rows" aria-rowcount={total + 1} className="w-max min-w-full">
          <div
            role="row"
            aria-rowindex={1}
            className="sticky top-0 z-10 grid h-8 items-center border-b bg-surface text-muted"
            style={{ gridTemplateColumns: grid }}
          >
            <div role="columnheader" aria-label="Number" className="px-2 text-right font-sans font-medium">
              #
            </div>
            {rows.columns.map((column) => (
              <Head
                key={column.key ?? "-"}
                column={column}
                sort={sorted?.sort}
                onSort={() => sortBy(column.key)}
              />
            ))}
          </div>
          <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
            {seen.map(({ index: place, start }) => {
              const index = sorted ? (sorted.order[place] ?? 0) : place;
              return (
                <div
                  key={place}
                  role="row"
                  aria-rowindex={place + 2}
                  className="absolute inset-x-0 grid h-7 items-center border-b hover:bg-hover"
                  style={{ top: start, gridTemplateColumns: grid }}
                >
                  <div role="cell" className="px-2 text-right">
                    <button
                      type="button"
                      title="Show this row alone"
                      aria-label={`Show row ${index} alone`}
                      className="tabular text-faint hover:text-accent hover:underline"
                      onClick={() => onFocusPath(intoIndex(path, index))}
                    >
                      {index}
                    </button>
                  </div>
                  <Cells
                    columns={rows.columns}
                    state={sorted ? { json: sorted.rows.get(index) } : rows.row(index)}
                  />
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <p className="tabular border-t px-4 py-2 text-xs text-muted">
        {sorted ? (
          <>
            {sorted.order.length < total
              ? `Only the ${plural(sorted.order.length, "row")} that are loaded, of ${count(total)}, sorted by `
              : `${plural(total, "row")} sorted by `}
            {visible((sorted.sort.key ?? "value").slice(0, 80))}{" "}
            <button
              type="button"
              className="text-accent hover:underline"
              onClick={() => setSorted(undefined)}
            >
              Show in their own order
            </button>
          </>
        ) : (
          <>
            {plural(total, "row")}
            {total > MAX_ROWS &&
              `, of which the first ${count(MAX_ROWS)} can be scrolled to: download it for all`}
          </>
        )}
      </p>
    </div>
  );
}

/** Columns are as wide as what was in them at first; the last one takes what is left. */
function tracks(columns: Column[], total: number): string {
  const widths = columns.map(({ width }, at) =>
    at === columns.length - 1 ? `minmax(${width}ch, 1fr)` : `${width}ch`,
  );
  return [`${String(Math.max(total - 1, 0)).length + 4}ch`, ...widths].join(" ");
}
