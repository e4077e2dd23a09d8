import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { type KeyboardEvent, memo, useCallback, useEffect, useRef, useState } from "react";
import { StateIcon } from "@/components/StateBadge";
import { colour, type StepState, softColour } from "@/lib/states";
import { duration } from "@/lib/time";
import { plural } from "@/lib/units";
import { type Cell, type GridColumn, type GridLayout, moveTo } from "../grid";

const ROW = 26;
const COLUMN = 26;
const BARS = 48;

interface Props {
  layout: GridLayout;
  name: string;
}

/** One stop for the tab key; the arrows go from cell to cell, Enter opens what a cell stands for. */
export function Grid({ layout: { steps, columns }, name }: Props) {
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Cell>({ row: -1, column: columns.length - 1 });
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 6,
    scrollMargin: BARS,
    scrollPaddingStart: BARS,
    getItemKey: (index) => steps[index]?.name ?? index,
  });
  // After another answer or search there may be fewer cells.
  const current: Cell = {
    row: Math.min(at.row, steps.length - 1),
    column: Math.min(at.column, columns.length - 1),
  };
  const moved = useRef(false);
  useEffect(() => {
    if (!moved.current) return;
    const cell = box.current?.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]');
    // A row that is far away is drawn a moment later.
    if (!cell) return;
    moved.current = false;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  const count = columns.length;
  // The newest run is at the right: that is what one wants to see first.
  useEffect(() => {
    if (box.current && count > 0) box.current.scrollLeft = box.current.scrollWidth;
  }, [count]);
  const open = useCallback(
    (run: string, step: string | undefined) =>
      void navigate({ to: "/runs/$run", params: { run }, search: step === undefined ? {} : { step } }),
    [navigate],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    const run = columns[current.column]?.run.id;
    if (event.key === "Enter" && run) {
      open(run, steps[current.row]?.name);
    } else {
      const to = moveTo(event.key, current, steps.length, columns.length);
      if (!to) return;
      if (to.row >= 0) rows.scrollToIndex(to.row);
      moved.current = true;
      setAt(to);
    }
    event.preventDefault();
  };
  return (
    <div className="min-h-0 max-w-full overflow-auto rounded-lg border bg-surface" ref={box}>
      <div
        role="grid"
        aria-label={`Steps of ${name} in its latest runs`}
        aria-rowcount={steps.length + 1}
        aria-colcount={columns.length + 1}
        className="w-max min-w-full"
        onKeyDown={onKeyDown}
      >
        <div
          role="row"
          aria-rowindex={1}
          className="sticky top-0 z-20 flex items-end border-b bg-surface pr-4"
          style={{ height: BARS }}
        >
          <span
            role="columnheader"
            className="sticky left-0 z-10 flex h-full shrink-0 items-end bg-surface pb-1.5 pl-4 text-xs font-medium text-muted w-32 sm:w-52"
          >
            {plural(steps.length, "step")}
          </span>
          {columns.map((column, index) => (
            <RunCell
              key={column.run.id}
              column={column}
              focused={current.row === -1 && current.column === index}
              onOpen={open}
            />
          ))}
        </div>
        <div className="relative" style={{ height: rows.getTotalSize() }} role="rowgroup">
          {rows.getVirtualItems().map(({ index, start, key }) => {
            const step = steps[index];
            return (
              step && (
                <Row
                  key={key}
                  step={step.name}
                  place={step.index}
                  index={index}
                  start={start - BARS}
                  columns={columns}
                  focused={current.row === index ? current.column : undefined}
                  onOpen={open}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

type Open = (run: string, step: string | undefined) => void;

function RunCell({ column, focused, onOpen }: { column: GridColumn; focused: boolean; onOpen: Open }) {
  const { run, height } = column;
  const label = `Run of ${new Date(run.created_at).toLocaleString()}: ${run.state}${took(run.duration_ms)}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears the keys
    <span
      role="gridcell"
      aria-label={label}
      title={label}
      tabIndex={focused ? 0 : -1}
      onClick={() => onOpen(run.id, undefined)}
      className="flex h-full shrink-0 cursor-pointer flex-col items-center justify-end gap-1 pb-1.5 hover:bg-hover"
      style={{ width: COLUMN }}
    >
      <span
        className="w-2.5 rounded-[1px]"
        style={{ height: `${Math.round(height * 20)}px`, background: colour(run.state) }}
      />
      <StateIcon state={run.state} size={13} />
    </span>
  );
}

interface RowProps {
  step: string;
  /** The step's number among all of the grid. */
  place: number;
  index: number;
  start: number;
  columns: readonly GridColumn[];
  focused: number | undefined;
  onOpen: Open;
}

const Row = memo(({ step, place, index, start, columns, focused, onOpen }: RowProps) => (
  <div
    role="row"
    aria-rowindex={index + 2}
    className="group absolute inset-x-0 flex items-center"
    style={{ height: ROW, transform: `translateY(${start}px)` }}
  >
    <span
      role="rowheader"
      title={step}
      className="sticky left-0 z-10 flex h-full shrink-0 items-center bg-surface pr-2 pl-4 group-hover:bg-hover w-32 sm:w-52"
    >
      <span className="truncate">{step}</span>
    </span>
    {columns.map(({ run, states, durations }, column) => (
      <StepCell
        key={run.id}
        run={run.id}
        step={step}
        state={states[place] ?? null}
        duration={durations[place] ?? null}
        focused={focused === column}
        onOpen={onOpen}
      />
    ))}
  </div>
));

interface CellProps {
  run: string;
  step: string;
  state: StepState | null;
  duration: number | null;
  focused: boolean;
  onOpen: Open;
}

function StepCell({ run, step, state, duration: ms, focused, onOpen }: CellProps) {
  const label = state === null ? `${step}: not in this run` : `${step}: ${state}${took(ms)}`;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears the keys
    <span
      role="gridcell"
      aria-label={label}
      title={label}
      tabIndex={focused ? 0 : -1}
      onClick={state === null ? undefined : () => onOpen(run, step)}
      className={clsx(
        "flex h-full shrink-0 items-center justify-center group-hover:bg-hover",
        state !== null && "cursor-pointer",
      )}
      style={{ width: COLUMN }}
    >
      {state !== null && (
        <span
          className="flex size-5.5 items-center justify-center rounded-[4px]"
          style={{ background: softColour(state) }}
        >
          <StateIcon state={state} size={13} />
        </span>
      )}
    </span>
  );
}

function took(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "" : `, ${duration(ms)}`;
}
