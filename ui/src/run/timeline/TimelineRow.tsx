import clsx from "clsx";
import { Recycle } from "lucide-react";
import { type CSSProperties, memo } from "react";
import { StateIcon } from "@/components/StateBadge";
import { duration } from "@/lib/time";
import { plural } from "@/lib/units";
import { type Bar, place, type Row, type Span } from "../gantt";
import { isReused } from "../steps";
import type { Pointed } from "./BarDetail";
import { barLook } from "./look";

interface Props {
  id: string;
  row: Row;
  /** What its bars say, in words. */
  label: string;
  shown: Span;
  now: number | undefined;
  top: number;
  height: number;
  current: boolean;
  chosen: boolean;
  /** The run waited for it. */
  critical: boolean;
  onOpen: () => void;
  onPoint: (pointed: Pointed | undefined) => void;
}

/** A step: its name, and what it did when. */
export function TimelineRow({
  id,
  row,
  label,
  shown,
  now,
  top,
  height,
  current,
  chosen,
  critical,
  onOpen,
  onPoint,
}: Props) {
  const { step, bars } = row;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
    <div
      id={id}
      role="option"
      aria-selected={chosen}
      className={clsx(
        "absolute inset-x-0 flex cursor-pointer border-b",
        chosen ? "bg-accent-soft" : current ? "bg-hover" : "hover:bg-hover",
      )}
      style={{ height, transform: `translateY(${top}px)` }}
      onClick={onOpen}
    >
      <span className="flex w-28 shrink-0 items-center gap-2 border-r pr-2 pl-4 sm:w-56" title={step.name}>
        <StateIcon state={step.state} size={13} />
        <span className="truncate">{step.name}</span>
        <span className="sr-only">{label}</span>
      </span>
      <span className="relative mr-4 ml-2 flex-1 overflow-hidden">
        {bars.map((bar, index) => {
          const at = place(bar, shown);
          return (
            at && (
              <BarView
                critical={critical}
                // biome-ignore lint/suspicious/noArrayIndexKey: bars stay in their order
                key={index}
                bar={bar}
                // What is too short to be seen is shown all the same, at the very end as well.
                style={{ left: `min(${at.left * 100}%, 100% - 3px)`, width: `${at.width * 100}%` }}
                onPoint={(x) => onPoint({ step: step.name, bar: index, x, y: top })}
              />
            )
          );
        })}
        {bars.length === 0 && isReused(step) && (
          <span className="flex h-full items-center gap-1 text-2xs text-muted" aria-hidden>
            <Recycle size={12} className="text-succeeded" /> earlier result
          </span>
        )}
        <Label row={row} shown={shown} />
        {now !== undefined && now <= shown.to && (
          <span className="absolute inset-y-0 right-0 w-px bg-accent" aria-hidden />
        )}
      </span>
    </div>
  );
}

interface BarProps {
  bar: Bar;
  critical: boolean;
  style: CSSProperties;
  onPoint: (x: number) => void;
}

const BarView = memo(
  ({ bar, critical, style, onPoint }: BarProps) => {
    const waits = bar.kind !== "attempt";
    return (
      <span
        aria-hidden
        className={clsx(
          "absolute min-w-[3px] rounded-xs",
          waits ? "top-[13px] h-[3px] opacity-60" : "top-[7px] h-[15px]",
          bar.reused && "border border-succeeded bg-succeeded-soft",
          bar.open && !waits && "rounded-r-none",
          critical && !waits && "shadow-[0_3px_0_-1px_var(--text)]",
        )}
        style={{
          ...style,
          ...barLook(bar),
        }}
        onPointerEnter={(event) => onPoint(event.clientX)}
      />
    );
  },
  (before, after) =>
    before.bar.from === after.bar.from &&
    before.bar.state === after.bar.state &&
    before.critical === after.critical &&
    before.bar.reused === after.bar.reused &&
    before.style.left === after.style.left &&
    before.style.width === after.style.width,
);

/** Behind the last bar; where there is no room, in it or before the first one. */
function Label({ row: { step, bars }, shown }: { row: Row; shown: Span }) {
  const ran = bars.filter(({ kind }) => kind === "attempt");
  const [first, last] = [bars[0], bars.at(-1)];
  const began = ran[0]?.from;
  if (!first || !last || began === undefined) return null;
  const words = [
    step.items ? plural(step.items.total, "item") : undefined,
    !step.items && ran.length > 1 ? plural(ran.length, "attempt") : undefined,
    ran.every(({ reused }) => reused) ? "earlier result" : duration(last.to - began),
  ]
    .filter((word) => word !== undefined)
    .join(" · ");
  const size = shown.to - shown.from;
  const left = Math.max(0, (last.from - shown.from) / size);
  const right = Math.min(1, (last.to - shown.from) / size);
  const before = (first.from - shown.from) / size;
  const inside = last.kind === "attempt" && !last.reused && right - left > ROOM;
  const style: CSSProperties | undefined =
    right < 1 - ROOM
      ? { left: `${Math.max(0, right) * 100}%`, marginLeft: 6 }
      : inside
        ? { left: `${left * 100}%`, marginLeft: 6, color: "var(--surface)" }
        : before > ROOM
          ? { right: `${(1 - before) * 100}%`, marginRight: 6 }
          : undefined;
  if (!style) return null;
  return (
    <span
      aria-hidden
      className="tabular pointer-events-none absolute top-[7px] text-2xs leading-[15px] whitespace-nowrap text-muted"
      style={style}
    >
      {words}
    </span>
  );
}

/** The part of the axis that a label needs, about. */
const ROOM = 0.18;
