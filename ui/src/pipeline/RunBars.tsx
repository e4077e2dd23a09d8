import { useNavigate } from "@tanstack/react-router";
import { type MouseEvent, memo } from "react";
import { colour } from "@/lib/states";
import { duration } from "@/lib/time";
import { BAR, barAt, barPaths, barsWidth, HEIGHT } from "./bars";
import { barsWords, type RunBrief } from "./summary";

/** How many there is room for. */
const MOST = 30;

interface Props {
  runs: readonly RunBrief[];
  /** Only as wide as there are runs; otherwise the bars of a column stand below each other. */
  tight?: boolean;
}

/**
 * The latest runs as bars, the newest at the right: as high as they took long. They lead to their runs for who points at
 * them only; for everybody else there is the list of runs, since thirty stops in each row would help nobody.
 */
export const RunBars = memo(({ runs, tight }: Props) => {
  const navigate = useNavigate();
  const shown = runs.slice(0, MOST).toReversed();
  const width = Math.max(BAR, barsWidth(shown.length));
  const pointed = (event: MouseEvent<HTMLElement>) =>
    shown[barAt(event.clientX - event.currentTarget.getBoundingClientRect().left, shown.length) ?? -1];
  const open = (event: MouseEvent<HTMLElement>) => {
    const run = pointed(event);
    if (run) void navigate({ to: "/runs/$run", params: { run: run.id } });
  };
  return (
    <span className="flex shrink-0 justify-end" style={tight ? undefined : { width: barsWidth(MOST) }}>
      <span className="sr-only">{shown.length > 0 ? barsWords(shown) : "No runs"}</span>
      <span
        aria-hidden
        className="relative block cursor-pointer"
        onClick={open}
        onMouseMove={(event) => {
          const run = pointed(event);
          event.currentTarget.title = run ? said(run) : "";
        }}
      >
        <svg width={width} height={HEIGHT} className="block" aria-hidden>
          {barPaths(shown).map(([state, path]) => (
            <path key={state} d={path} fill={colour(state)} opacity={0.85} />
          ))}
        </svg>
      </span>
    </span>
  );
});

function said({ state, created_at, duration_ms }: RunBrief): string {
  const took = duration_ms === undefined || duration_ms === null ? "" : `, ${duration(duration_ms)}`;
  return `${state}${took}, ${new Date(created_at).toLocaleString()}`;
}
