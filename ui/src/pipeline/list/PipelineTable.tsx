import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { isTyping } from "@/shell/shortcuts";
import type { PipelineRow, RowOrder } from "../rows";
import { COLUMNS, ROW, Row } from "./PipelineTableRow";

const HEADINGS: { order?: RowOrder; label: string; right?: boolean; apart?: boolean }[] = [
  { order: "state", label: "Last run" },
  { order: "name", label: "Pipeline" },
  { label: "Last 30 runs", right: true },
  { order: "rate", label: "Success", right: true },
  { order: "typical", label: "Typical", right: true },
  { order: "last", label: "Last", right: true },
  { order: "next", label: "Next", right: true },
  { label: "Triggers", apart: true },
];

interface Props {
  rows: PipelineRow[];
  order: RowOrder;
  descending: boolean;
  onOrder: (order: RowOrder) => void;
}

/** Pipelines, however many: only the rows that are seen are there. */
export function PipelineTable({ rows, order, descending, onOrder }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 8,
    getItemKey: (index) => rows[index]?.name ?? index,
  });
  useRowKeys(rows, at, (index) => {
    setAt(index);
    virtual.scrollToIndex(index);
  });
  return (
    <div className="min-h-0 overflow-auto rounded-lg border bg-surface" ref={box}>
      <div role="table" aria-label="Pipelines" aria-rowcount={rows.length + 1} className="min-w-[62rem]">
        <div
          role="row"
          className={clsx(
            "sticky top-0 z-20 grid h-8 items-center border-b bg-surface text-xs font-medium text-muted",
            COLUMNS,
          )}
        >
          {HEADINGS.map((heading) => (
            <Heading
              key={heading.label}
              {...heading}
              sorted={heading.order === order ? (descending ? "descending" : "ascending") : undefined}
              onOrder={onOrder}
            />
          ))}
        </div>
        <div className="relative" style={{ height: virtual.getTotalSize() }} role="rowgroup">
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const row = rows[index];
            return row && <Row key={key} row={row} index={index} start={start} current={index === at} />;
          })}
        </div>
      </div>
    </div>
  );
}

interface HeadingProps {
  label: string;
  order?: RowOrder;
  right?: boolean;
  apart?: boolean;
  sorted: "ascending" | "descending" | undefined;
  onOrder: (order: RowOrder) => void;
}

function Heading({ label, order, right, apart, sorted, onOrder }: HeadingProps) {
  const Arrow = sorted === "descending" ? ArrowDown : ArrowUp;
  return (
    <span
      role="columnheader"
      aria-sort={sorted ?? (order ? "none" : undefined)}
      className={clsx("flex", right && "justify-end", apart && "pl-3")}
    >
      {order ? (
        <button
          type="button"
          onClick={() => onOrder(order)}
          className={clsx(
            "-mx-1 flex h-6 items-center gap-1 rounded px-1 whitespace-nowrap hover:text-text",
            right && "flex-row-reverse",
            sorted && "text-text",
          )}
        >
          {label}
          {sorted && <Arrow size={12} aria-hidden />}
        </button>
      ) : (
        label
      )}
    </span>
  );
}

/** `j` and `k` go down and up, Enter opens. */
function useRowKeys(rows: PipelineRow[], at: number, go: (index: number) => void) {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const row = rows[at];
      if (event.key === "j" && at < rows.length - 1) go(at + 1);
      else if (event.key === "k" && at > 0) go(at - 1);
      else if (event.key === "Enter" && row?.deployed && event.target === document.body) {
        void navigate({ to: "/pipelines/$pipeline", params: { pipeline: row.name } });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [rows, at, go, navigate]);
}
