/** When each step of a run waited, ran and was tried again. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { Maximize, Minus, Plus } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { IconButton } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Select } from "@/components/form";
import { hasEnded } from "@/lib/states";
import { duration } from "@/lib/time";
import { type Bar, byStart, layOut, type Row, type Span, ticks, within, zoom } from "../gantt";
import type { RunSearch } from "../search";
import { useOpenStep, useRunPlace } from "../useRunPlace";
import { Axis, GridLines } from "./Axis";
import { BarDetail, type Pointed } from "./BarDetail";
import { CLOSER, FURTHER, PAN, rowFor, scaleFor } from "./keys";
import { Legend } from "./Legend";
import { TimelineRow } from "./TimelineRow";
import { useTicking } from "./useTicking";
import { useWidth } from "./useWidth";
import { rowWords } from "./words";

interface Props {
  detail: Api<"RunDetail">;
  graph: Api<"GraphView">;
  selected: string | undefined;
  order: RunSearch["order"] | undefined;
}

const ROW = 30;
/** The width that a mark of the axis and its words need. */
const MARK = 80;

export default function Timeline({ detail, graph, selected, order }: Props) {
  const live = !hasEnded(detail.run.state);
  const now = useTicking(live);
  const gantt = useMemo(() => layOut(detail, graph, now), [detail, graph, now]);
  const { start, end, critical } = gantt;
  const rows = useMemo(() => (order === "start" ? byStart(gantt.rows) : gantt.rows), [gantt, order]);
  const whole: Span = useMemo(() => ({ from: start, to: end }), [start, end]);
  // Nothing chosen: all of it, also as it grows.
  const [chosen, setShown] = useState<Span>();
  const shown = chosen ? within(chosen, whole) : whole;
  const [at, setAt] = useState(-1);
  const [pointed, setPointed] = useState<Pointed>();
  const open = useOpenStep();
  const place = useRunPlace();
  const [track, width] = useWidth<HTMLDivElement>(600);
  const marks = ticks(shown, start, Math.max(3, Math.floor(width / MARK)));
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollPaddingStart: 32,
  });

  const change = (factor: number, around = (shown.from + shown.to) / 2) => {
    const next = zoom(shown, whole, factor, around);
    setShown(next.to - next.from >= whole.to - whole.from ? undefined : next);
  };
  const pan = (part: number) => {
    const by = (shown.to - shown.from) * part;
    if (chosen) setShown(within({ from: shown.from + by, to: shown.to + by }, whole));
  };
  useWheel(box, shown, change, pan);

  const go = (to: number) => {
    setAt(to);
    virtual.scrollToIndex(to);
    setPointed(pointAt(rows[to]));
  };
  const rescale = (scale: NonNullable<ReturnType<typeof scaleFor>>) => {
    if ("zoom" in scale) change(scale.zoom);
    else if ("pan" in scale) pan(scale.pan);
    else setShown(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW) - 2);
    const to = rowFor(event.key, at, rows.length, page);
    const scale = scaleFor(event.key);
    const row = rows[at];
    if (to !== undefined) go(to);
    else if (scale) rescale(scale);
    else if (event.key === "Enter" && row) open(row.step.name);
    else if (event.key === "Escape" && selected !== undefined) open(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (rows.length === 0) {
    return (
      <div className="rounded-lg border bg-surface">
        <Empty title="The pipeline has no steps" />
      </div>
    );
  }
  const pointedRow = pointed && rows.find(({ step }) => step.name === pointed.step);
  return (
    <div className="relative flex min-h-80 flex-1 flex-col overflow-hidden rounded-lg border bg-surface">
      <div className="flex min-h-10 items-center gap-x-3 border-b py-1 pr-2 pl-4">
        <Legend critical={critical.size > 0} />
        <span className="tabular ml-auto shrink-0 text-xs text-muted">
          {chosen ? `${duration(shown.to - shown.from)} of ${duration(end - start)}` : duration(end - start)}
        </span>
        <Select
          aria-label="Order of the steps"
          className="h-7! w-auto! text-xs!"
          value={order ?? ""}
          onChange={({ target }) => {
            setAt(-1);
            place({ order: target.value === "start" ? "start" : undefined });
          }}
        >
          <option value="">Pipeline order</option>
          <option value="start">By start</option>
        </Select>
        <span className="flex shrink-0">
          <IconButton label="Closer" icon={Plus} size={15} onClick={() => change(CLOSER)} />
          <IconButton label="Further" icon={Minus} size={15} onClick={() => change(FURTHER)} />
          <IconButton label="Show all" icon={Maximize} size={15} onClick={() => setShown(undefined)} />
        </span>
      </div>
      <div
        ref={box}
        role="listbox"
        tabIndex={0}
        aria-label="Timeline of the steps. Up and down go from step to step, Enter opens one, plus and minus change the scale."
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
        onKeyDown={onKeyDown}
        onFocus={() =>
          at < 0 &&
          setAt(
            Math.max(
              0,
              rows.findIndex(({ step }) => step.name === selected),
            ),
          )
        }
        onBlur={() => setPointed(undefined)}
        onPointerLeave={() => setPointed(undefined)}
      >
        <Axis
          shown={shown}
          start={start}
          now={live ? end : undefined}
          marks={marks}
          track={track}
          width={width}
        />
        <div className="relative" style={{ height: virtual.getTotalSize() }} role="presentation">
          <GridLines shown={shown} start={start} marks={marks} />
          {virtual.getVirtualItems().map(({ index, start: top }) => {
            const row = rows[index];
            return (
              row && (
                <TimelineRow
                  key={row.step.name}
                  id={`${id}-${index}`}
                  row={row}
                  label={rowWords(row, start)}
                  shown={shown}
                  now={live ? end : undefined}
                  top={top}
                  height={ROW}
                  current={index === at}
                  chosen={row.step.name === selected}
                  critical={critical.has(row.step.name)}
                  onOpen={() => {
                    setAt(index);
                    open(row.step.name);
                  }}
                  onPoint={setPointed}
                />
              )
            );
          })}
        </div>
      </div>
      {pointed && pointedRow && (
        <BarDetail
          row={pointedRow}
          pointed={pointed}
          start={start}
          critical={critical.has(pointedRow.step.name)}
        />
      )}
    </div>
  );
}

/** The latest bar of a row, for who goes there by keyboard. */
function pointAt(row: Row | undefined): Pointed | undefined {
  const bar: Bar | undefined = row?.bars.at(-1);
  return row && { step: row.step.name, ...(bar ? { bar: row.bars.indexOf(bar) } : {}) };
}

/** Ctrl and the wheel change the scale around the pointer, as in a map; Shift and the wheel move along. */
function useWheel(
  box: React.RefObject<HTMLDivElement | null>,
  shown: Span,
  change: (factor: number, around: number) => void,
  pan: (part: number) => void,
) {
  const latest = useRef({ shown, change, pan });
  latest.current = { shown, change, pan };
  useEffect(() => {
    const element = box.current;
    const onWheel = (event: WheelEvent) => {
      const { shown, change, pan } = latest.current;
      const track = element?.querySelector("[data-track]")?.getBoundingClientRect();
      if (!track || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
      event.preventDefault();
      if (event.shiftKey) {
        pan(Math.sign(event.deltaY || event.deltaX) * PAN);
        return;
      }
      const part = Math.min(1, Math.max(0, (event.clientX - track.left) / track.width));
      change(event.deltaY < 0 ? CLOSER : FURTHER, shown.from + (shown.to - shown.from) * part);
    };
    // React listens passively: the page itself would be scaled as well.
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [box]);
}
