import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useImperativeHandle, useMemo, useRef } from "react";
import { absolute } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";
import { LogLine } from "./LogLine";
import { clock, type Line, since } from "./lines";
import { type Scroll, stillFollows } from "./tail";

const ROW = 20;

export interface LogListHandle {
  /** Shows the line at a place of the list. */
  show: (at: number) => void;
}

interface Props {
  handle: RefObject<LogListHandle | null>;
  lines: Line[];
  /** Times are told since then; otherwise by the clock. */
  start: number | undefined;
  withStep: boolean;
  wrap: boolean;
  find: string;
  /** The id of the match at which one is. */
  current: string | undefined;
  /** The id of the line that the address means. */
  chosen: string | undefined;
  onChoose: (line: Line) => void;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}

/** The lines. Only those that are seen are there. */
export function LogList(props: Props) {
  const { handle, lines, start, withStep, wrap, find, current, chosen, onChoose, follow, onFollow } = props;
  const { zone } = usePreferences();
  const scroller = useRef<HTMLDivElement>(null);
  const scrolled = useRef<Scroll>(undefined);
  // Another function would let the places of all lines be computed again, with each turn of the wheel.
  const getItemKey = useCallback((at: number) => lines[at]?.id ?? at, [lines]);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey,
    overscan: 20,
  });
  const widest = useMemo(
    () =>
      wrap
        ? 0
        : Math.min(
            1_000,
            lines.reduce((most, { text }) => Math.max(most, text.length), 0),
          ),
    [lines, wrap],
  );
  const show = (at: number) => virtual.scrollToIndex(at, { align: "center" });
  useImperativeHandle(handle, () => ({ show }));

  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes to the end whenever lines come
  useEffect(() => {
    if (follow && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines, wrap]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was measured is another's where lines are wrapped
  useEffect(() => virtual.measure(), [wrap]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const now = { top: box.scrollTop, height: box.clientHeight, content: box.scrollHeight };
    if (follow && !stillFollows(scrolled.current, now)) onFollow(false);
    scrolled.current = now;
  };

  return (
    <section
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, a keyboard could not scroll it
      tabIndex={0}
      aria-label="Log"
      onScroll={onScroll}
      className="min-h-24 flex-1 overflow-auto py-1 font-mono text-xs -outline-offset-2"
    >
      <div
        role="list"
        className="relative"
        style={{
          height: virtual.getTotalSize(),
          minWidth: wrap ? undefined : `${widest + (withStep ? 56 : 38)}ch`,
        }}
      >
        {virtual.getVirtualItems().map(({ index, key, start: top }) => {
          const line = lines[index];
          return (
            line && (
              <div
                key={key}
                ref={wrap ? virtual.measureElement : undefined}
                data-index={index}
                role="listitem"
                aria-posinset={index + 1}
                aria-setsize={lines.length}
                className="absolute inset-x-0"
                style={{ top }}
              >
                <LogLine
                  line={line}
                  time={start === undefined ? clock(line.time, zone) : since(line.time, start)}
                  exactTime={absolute(line.time, zone)}
                  withStep={withStep}
                  wrap={wrap}
                  find={find}
                  current={line.id === current}
                  chosen={line.id === chosen}
                  onChoose={onChoose}
                />
              </div>
            )
          );
        })}
      </div>
    </section>
  );
}
