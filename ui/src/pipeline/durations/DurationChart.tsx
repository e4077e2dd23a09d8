import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { StateBadge } from "@/components/StateBadge";
import { colour } from "@/lib/states";
import { absolute, duration } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";
import { type Bar, layoutChart, MARGIN } from "./chart";

const HEIGHT = 280;

interface Props {
  /** The newest first. */
  runs: readonly Api<"RunSummary">[];
  name: string;
}

/** A bar for each run. One stop for the tab key; the arrows go from bar to bar, Enter opens the run. */
export function DurationChart({ runs, name }: Props) {
  const navigate = useNavigate();
  const { zone } = usePreferences();
  const [box, width] = useWidth();
  const chart = useMemo(() => layoutChart(runs, width, HEIGHT), [runs, width]);
  const [at, setAt] = useState<string>();
  const chosen = chart.bars.find((bar) => bar.id === at);
  const open = (run: string) => void navigate({ to: "/runs/$run", params: { run } });

  const onKeyDown = (event: KeyboardEvent) => {
    const from = chosen ? chart.bars.indexOf(chosen) : chart.bars.length;
    const to: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      Home: 0,
      End: chart.bars.length - 1,
    };
    const next = to[event.key];
    if (event.key === "Enter" && chosen) open(chosen.id);
    else if (next !== undefined) setAt(chart.bars[Math.max(0, Math.min(next, chart.bars.length - 1))]?.id);
    else return;
    event.preventDefault();
  };

  return (
    <div ref={box} className="relative">
      <div
        role="application"
        aria-label={`Durations of ${chart.bars.length} runs of ${name}. The arrow keys go from run to run, Enter opens one.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys work here
        tabIndex={0}
        className="focus-visible:-outline-offset-2"
        onKeyDown={onKeyDown}
        onBlur={() => setAt(undefined)}
      >
        <svg width="100%" height={HEIGHT} className="block" aria-hidden>
          {chart.ticks.map(({ value, y }) => (
            <g key={value}>
              <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y} y2={y} stroke="var(--line)" />
              <text x={MARGIN.left - 8} y={y + 4} textAnchor="end" fontSize={11} fill="var(--muted)">
                {duration(value)}
              </text>
            </g>
          ))}
          {chart.times.map(({ at, x }) => (
            <text
              key={at}
              x={x}
              y={HEIGHT - 9}
              textAnchor={x < MARGIN.left + 60 ? "start" : x > width - 70 ? "end" : "middle"}
              fontSize={11}
              fill="var(--muted)"
            >
              {absolute(at, zone).slice(5, 16)}
            </text>
          ))}
          {chart.bars.map((bar) => (
            <BarShape
              key={bar.id}
              bar={bar}
              chosen={bar.id === at}
              onOpen={() => open(bar.id)}
              onPoint={setAt}
            />
          ))}
          {chart.median && (
            <g pointerEvents="none">
              <line
                x1={MARGIN.left}
                x2={width - MARGIN.right}
                y1={chart.median.y}
                y2={chart.median.y}
                stroke="var(--accent)"
                strokeWidth={1.5}
                strokeDasharray="6 4"
              />
              <text
                x={width - MARGIN.right}
                y={chart.median.y - 5}
                textAnchor="end"
                fontSize={11}
                fontWeight={600}
                fill="var(--accent)"
                stroke="var(--surface)"
                strokeWidth={3}
                paintOrder="stroke"
              >
                median {duration(chart.median.value)}
              </text>
            </g>
          )}
        </svg>
      </div>
      {chosen && <Hint bar={chosen} width={width} when={absolute(chosen.created_at, zone)} />}
      <p className="sr-only" aria-live="polite">
        {chosen && `${chosen.state}, ${duration(chosen.duration_ms)}, ${absolute(chosen.created_at, zone)}`}
      </p>
    </div>
  );
}

interface BarProps {
  bar: Bar;
  chosen: boolean;
  onOpen: () => void;
  onPoint: (id: string | undefined) => void;
}

function BarShape({ bar, chosen, onOpen, onPoint }: BarProps) {
  const middle = bar.x + bar.width / 2;
  const mark = Math.min(3, bar.width / 2);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the chart is what is operated
    <g
      className="cursor-pointer"
      onClick={onOpen}
      onMouseEnter={() => onPoint(bar.id)}
      onMouseLeave={() => onPoint(undefined)}
    >
      {/* As high as the chart, so that low bars can be pointed at. */}
      <rect
        x={bar.x - 1}
        y={MARGIN.top}
        width={bar.width + 2}
        height={HEIGHT - MARGIN.top - MARGIN.bottom}
        fill={chosen ? "var(--hover)" : "transparent"}
      />
      <rect
        x={bar.x}
        y={bar.y}
        width={bar.width}
        height={bar.height}
        rx={1.5}
        fill={colour(bar.state)}
        opacity={chosen ? 1 : 0.85}
      />
      {bar.state !== "succeeded" && (
        // Not by colour alone: failed runs have a cross on top, cancelled ones a line.
        <path
          d={
            bar.state === "failed"
              ? `M${middle - mark} ${bar.y - 4 - 2 * mark}l${2 * mark} ${2 * mark}m0 ${-2 * mark}l${-2 * mark} ${2 * mark}`
              : `M${middle - mark} ${bar.y - 6}h${2 * mark}`
          }
          stroke={colour(bar.state)}
          strokeWidth={1.75}
          strokeLinecap="round"
        />
      )}
    </g>
  );
}

const HINT = 190;

function Hint({ bar, width, when }: { bar: Bar; width: number; when: string }) {
  const left = Math.max(4, Math.min(bar.x + bar.width / 2 - HINT / 2, width - HINT - 4));
  return (
    <div
      className="pointer-events-none absolute top-1 z-10 flex flex-col gap-1 rounded-lg border bg-raised px-3 py-2 text-xs shadow-lg"
      style={{ left, width: HINT }}
      aria-hidden
    >
      <span className="flex items-center justify-between gap-2">
        <StateBadge state={bar.state} />
        <span className="tabular font-medium">{duration(bar.duration_ms)}</span>
      </span>
      <span className="tabular text-muted">{when}</span>
      <span className="font-mono text-faint">{bar.id.slice(-12)}</span>
    </div>
  );
}

/** How wide an element is, whenever that changes. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
