import { StateBadge } from "@/components/StateBadge";
import { duration } from "@/lib/time";
import { bytes, plural } from "@/lib/units";
import { usePreferences } from "@/shell/preferences";
import type { Row } from "../gantt";
import { withLocalTimes } from "../panel/wording";
import { usageOf } from "../steps";
import { barTimes, barTitle } from "./words";

/** What is pointed at: a bar of a step, and where the pointer is. */
export interface Pointed {
  step: string;
  bar?: number;
  x?: number;
  y?: number;
}

interface Props {
  row: Row;
  pointed: Pointed;
  start: number;
  critical: boolean;
}

/** What a bar stands for, for who points at it or is at it by keyboard. */
export function BarDetail({ row, pointed, start, critical }: Props) {
  const { step, bars } = row;
  const { zone } = usePreferences();
  const bar = pointed.bar === undefined ? undefined : bars[pointed.bar];
  // Bars of items stand for many attempts: of those, the step knows all together.
  const usage = bar?.kind === "attempt" ? (bar.usage ?? (step.items ? usageOf(step) : undefined)) : undefined;
  return (
    <div
      className="pointer-events-none absolute right-4 bottom-3 z-20 flex max-w-[min(28rem,calc(100%-2rem))] flex-col gap-1 rounded-lg border bg-raised px-3 py-2 text-xs shadow-lg"
      aria-hidden
    >
      <p className="flex min-w-0 items-center gap-2">
        <span className="min-w-0 truncate font-medium">{step.name}</span>
        <StateBadge state={step.state} />
      </p>
      {bar && (
        <p className="tabular">
          {barTitle(row, bar)}
          <span className="text-muted"> · {barTimes(bar, start)}</span>
        </p>
      )}
      {step.items && (
        <p className="tabular text-muted">
          {plural(step.items.total, "item")}: {step.items.succeeded} succeeded, {step.items.failed} failed,{" "}
          {step.items.running} running, {step.items.waiting} waiting
        </p>
      )}
      {usage && !bar?.reused && (
        <p className="tabular text-muted">
          {bytes(usage.memory_bytes)} memory, {duration(usage.cpu_us / 1_000)} processor
        </p>
      )}
      {critical && <p className="text-muted">On the critical path: the run waited for it</p>}
      {bar?.failure && <p className="line-clamp-2 break-words text-failed">{bar.failure.slice(0, 300)}</p>}
      {(step.reason ?? step.waits) && (
        <p className="line-clamp-2 break-words text-muted">
          {withLocalTimes((step.reason ?? step.waits)?.message.slice(0, 300) ?? "", zone)}
        </p>
      )}
    </div>
  );
}
