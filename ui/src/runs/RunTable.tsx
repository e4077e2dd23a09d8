import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { memo, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { RunBadge } from "@/components/StateBadge";
import { StepsBar } from "@/components/StepsBar";
import { Duration, Time } from "@/components/Time";
import { isTyping } from "@/shell/shortcuts";

const ROW = 36;
/** Rows that are asked for ahead of those that are seen. */
const AHEAD = 100;
const COLUMNS =
  "grid-cols-[7.5rem_minmax(9rem,1.4fr)_minmax(8rem,0.8fr)_6rem_minmax(7rem,1fr)_minmax(12rem,1fr)_7rem]";

interface Props {
  runs: Api<"RunSummary">[];
  hasMore: boolean;
  onMore: () => void;
  /** Below the last row: that more come, or that these are all. */
  end: ReactNode;
}

/** Runs, however many: only the rows that are seen are there. */
export function RunTable({ runs, hasMore, onMore, end }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  // Another function would let the places of all rows be computed again, with each turn of the wheel.
  const getItemKey = useCallback((index: number) => runs[index]?.id ?? index, [runs]);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= runs.length - AHEAD) onMore();
  }, [hasMore, last, runs.length, onMore]);
  useRowKeys(runs, at, (index) => {
    setAt(index);
    rows.scrollToIndex(index);
  });

  return (
    <div className="min-h-0 flex-1 overflow-auto rounded-lg border bg-surface" ref={box}>
      <div
        role="table"
        aria-label="Runs"
        aria-rowcount={hasMore ? -1 : runs.length + 1}
        className="min-w-[60rem]"
      >
        <div
          role="row"
          className={clsx(
            "sticky top-0 z-10 grid h-8 items-center gap-3 border-b bg-surface px-4 text-xs font-medium text-muted",
            COLUMNS,
          )}
        >
          {["State", "Pipeline", "Accepted", "Duration", "Trigger", "Steps", "Run"].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
        <div className="relative" style={{ height: rows.getTotalSize() }} role="rowgroup">
          {items.map(({ index, start, key }) => {
            const run = runs[index];
            return run && <Row key={key} run={run} index={index} start={start} current={index === at} />;
          })}
        </div>
      </div>
      <div className="px-4 py-3 text-center text-xs text-muted">{end}</div>
    </div>
  );
}

interface RowProps {
  run: Api<"RunSummary">;
  index: number;
  start: number;
  current: boolean;
}

const Row = memo(({ run, index, start, current }: RowProps) => (
  <div
    role="row"
    aria-rowindex={index + 2}
    data-run={run.id}
    className={clsx(
      "absolute inset-x-0 grid items-center gap-3 border-b px-4 hover:bg-hover",
      COLUMNS,
      current && "bg-accent-soft",
    )}
    style={{ height: ROW, transform: `translateY(${start}px)` }}
  >
    <Cell>
      <RunBadge run={run} />
    </Cell>
    <Cell>
      <Link
        to="/runs/$run"
        params={{ run: run.id }}
        className="truncate font-medium after:absolute after:inset-0"
        preload={false}
      >
        {run.pipeline}
      </Link>
    </Cell>
    <Cell>
      <Time at={run.created_at} />
    </Cell>
    <Cell>
      <Duration ms={run.duration_ms} from={run.finished_at ? undefined : run.created_at} />
    </Cell>
    <Cell className="truncate text-muted">{run.trigger ?? "by hand"}</Cell>
    <Cell>
      <StepsBar steps={run.steps} />
    </Cell>
    <Cell className="truncate font-mono text-xs text-faint">{run.id.slice(-12)}</Cell>
  </div>
));

function Cell({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <div role="cell" className={clsx("flex min-w-0 items-center", className)}>
      {children}
    </div>
  );
}

/** `j` and `k` go down and up, Enter opens. */
function useRowKeys(runs: Api<"RunSummary">[], at: number, go: (index: number) => void) {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const run = runs[at];
      if (event.key === "j" && at < runs.length - 1) go(at + 1);
      else if (event.key === "k" && at > 0) go(at - 1);
      else if (event.key === "Enter" && run && event.target === document.body) {
        void navigate({ to: "/runs/$run", params: { run: run.id } });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [runs, at, go, navigate]);
}
