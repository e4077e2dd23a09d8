import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { CircleAlert, TriangleAlert } from "lucide-react";
import { memo, type ReactNode } from "react";
import { RunBadge } from "@/components/StateBadge";
import { Duration, Time } from "@/components/Time";
import { plural } from "@/lib/units";
import { RunBars } from "../RunBars";
import type { PipelineRow } from "../rows";
import { rateWords } from "../summary";
import { PauseSwitch } from "./PauseSwitch";

export const ROW = 44;
export const COLUMNS =
  "grid-cols-[7rem_minmax(11rem,1fr)_11.25rem_4rem_5rem_5.5rem_5.5rem_5.5rem] gap-x-3 px-4";

interface RowProps {
  row: PipelineRow;
  index: number;
  start: number;
  current: boolean;
}

/** A pipeline in the list: where it stands, how it does, what comes next. */
export const Row = memo(({ row, index, start, current }: RowProps) => (
  <div
    role="row"
    aria-rowindex={index + 2}
    className={clsx(
      "absolute inset-x-0 grid items-center border-b hover:bg-hover",
      COLUMNS,
      current && "bg-accent-soft",
    )}
    style={{ height: ROW, transform: `translateY(${start}px)` }}
  >
    <Cell>
      {row.latest ? <RunBadge run={row.latest} /> : <span className="text-xs text-faint">no runs yet</span>}
    </Cell>
    <Cell>
      <Name row={row} />
    </Cell>
    <Cell right>
      <RunBars runs={row.recent} />
    </Cell>
    <Cell right>
      <span className="tabular" title={`of the last ${plural(row.summary.judged, "run")} with a result`}>
        {row.summary.judged > 0 ? rateWords(row.summary) : <span className="text-faint">–</span>}
      </span>
    </Cell>
    <Cell right>
      <Duration ms={row.summary.typical} />
    </Cell>
    <Cell right muted>
      <Time at={row.latest?.created_at} />
    </Cell>
    <Cell right muted>
      <Time at={row.next} />
    </Cell>
    <Cell apart>
      <Triggers row={row} />
    </Cell>
  </div>
));

function Triggers({ row }: { row: PipelineRow }) {
  if (!row.deployed) return null;
  // Without triggers there is nothing to pause; one that is paused must be seen all the same.
  if (row.triggers === 0 && !row.paused) return <span className="text-xs text-faint">none</span>;
  return <PauseSwitch name={row.name} paused={row.paused} />;
}

function Name({ row }: { row: PipelineRow }) {
  return (
    <span className="flex min-w-0 flex-col">
      <span className="flex min-w-0 items-center gap-1.5">
        {row.deployed ? (
          <Link
            to="/pipelines/$pipeline"
            params={{ pipeline: row.name }}
            className="truncate font-medium after:absolute after:inset-0"
            preload={false}
          >
            {row.name}
          </Link>
        ) : (
          <Link
            to="/runs"
            search={{ pipeline: row.name }}
            className="truncate font-medium text-muted after:absolute after:inset-0"
            preload={false}
          >
            {row.name}
          </Link>
        )}
        <Problems row={row} />
      </span>
      <span className="truncate text-xs leading-4 text-muted" title={row.description.slice(0, 400)}>
        {row.deployed ? row.description.slice(0, 200) : "removed; its runs are kept"}
      </span>
    </span>
  );
}

function Problems({ row: { errors, warnings } }: { row: PipelineRow }) {
  if (errors > 0) {
    return (
      <span className="flex shrink-0 items-center gap-1 text-xs text-failed">
        <CircleAlert size={13} aria-hidden />
        {plural(errors, "problem")}
      </span>
    );
  }
  if (warnings === 0) return null;
  const words = plural(warnings, "warning");
  return (
    <span className="shrink-0 text-cancelled" title={words}>
      <TriangleAlert size={13} role="img" aria-label={words} />
    </span>
  );
}

interface CellProps {
  right?: boolean;
  muted?: boolean;
  /** Further from the column before it. */
  apart?: boolean;
  children: ReactNode;
}

function Cell({ right, muted, apart, children }: CellProps) {
  return (
    <div
      role="cell"
      className={clsx(
        "flex min-w-0 items-center",
        right && "justify-end",
        muted && "text-muted",
        apart && "pl-3",
      )}
    >
      {children}
    </div>
  );
}
