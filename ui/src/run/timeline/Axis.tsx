import type { RefObject } from "react";
import type { Span } from "../gantt";
import { tickWords } from "./words";

/** The width that the last mark and its words need. */
const LAST = 48;
/** The width that "now" and a mark beside it need. */
const NOW = 70;

interface Props {
  shown: Span;
  start: number;
  /** While the run goes on. */
  now: number | undefined;
  /** In milliseconds since `start`. */
  marks: readonly number[];
  track: RefObject<HTMLDivElement | null>;
  width: number;
}

/** Time since the run was accepted; stays in sight. */
export function Axis({ shown, start, now, marks, track, width }: Props) {
  const size = shown.to - shown.from;
  return (
    <div className="sticky top-0 z-10 flex h-8 border-b bg-surface text-xs text-muted" aria-hidden>
      <span className="flex w-28 shrink-0 items-center border-r pl-4 font-medium sm:w-56">Step</span>
      <div className="relative mr-4 ml-2 flex-1 overflow-hidden" ref={track} data-track>
        {marks.map((at) => {
          const x = ((start + at - shown.from) / size) * width;
          return (
            <span
              key={at}
              className="tabular absolute bottom-1 border-l pl-1 whitespace-nowrap"
              style={{
                left: x,
                visibility: x > width - (now === undefined ? LAST : NOW) ? "hidden" : undefined,
              }}
            >
              {tickWords(at)}
            </span>
          );
        })}
        {now !== undefined && now <= shown.to && (
          <span className="absolute right-0 bottom-1 bg-surface pl-1 font-medium text-accent">now</span>
        )}
      </div>
    </div>
  );
}

/** The marks of the axis, drawn on through all rows. */
export function GridLines({ shown, start, marks }: Pick<Props, "shown" | "start" | "marks">) {
  const size = shown.to - shown.from;
  return (
    <div className="pointer-events-none absolute inset-y-0 right-4 left-30 sm:left-58" aria-hidden>
      {marks.map((at) => (
        <span
          key={at}
          className="absolute inset-y-0 w-px bg-line opacity-60"
          style={{ left: `${((start + at - shown.from) / size) * 100}%` }}
        />
      ))}
    </div>
  );
}
