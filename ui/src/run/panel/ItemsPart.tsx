import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { Empty } from "@/components/feedback";
import { Select } from "@/components/form";
import { StateBadge } from "@/components/StateBadge";
import { Duration } from "@/components/Time";
import { colour } from "@/lib/states";
import { duration } from "@/lib/time";
import { bytes, count, plural } from "@/lib/units";
import { rangeWords } from "../attempts";
import type { Step } from "../steps";
import { useRunPlace } from "../useRunPlace";
import { attemptsAt } from "./AttemptChoice";
import { FailureBox } from "./FailureBox";

const ROW = 36;
const COLUMNS = "grid-cols-[6rem_3.5rem_7rem_5rem_5rem_5rem_minmax(8rem,1fr)] min-w-[42rem]";
const STATES: Api<"AttemptState">[] = ["running", "failed", "succeeded", "lost"];

/** The items of a step: how many are where, and the attempts at them. */
export function ItemsPart({ step, item }: { step: Step; item: number | undefined }) {
  const [state, setState] = useState<Api<"AttemptState">>();
  const change = useRunPlace();
  const attempts = useMemo(
    () => attemptsAt(step, item).filter((attempt) => !state || attempt.state === state),
    [step, item, state],
  );
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: attempts.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const failure = item === undefined ? undefined : attempts.findLast((one) => one.failure)?.failure;
  if (!step.items) return null;
  return (
    <>
      <div className="flex flex-col gap-3 border-b px-4 py-3">
        {item === undefined && <ItemCounts items={step.items} />}
        {failure && <FailureBox failure={failure} />}
        <Select
          aria-label="State of the attempts"
          className="w-auto! self-start"
          value={state ?? ""}
          onChange={({ target }) => setState(STATES.find((known) => known === target.value))}
        >
          <option value="">All attempts</option>
          {STATES.map((known) => (
            <option key={known} value={known}>
              {known}
            </option>
          ))}
        </Select>
      </div>
      <div className="min-h-40 flex-1 overflow-auto" ref={box}>
        <div
          role="table"
          aria-label="Attempts at items"
          aria-rowcount={attempts.length + 1}
          className="min-w-fit"
        >
          <div
            role="row"
            className={clsx(
              "sticky top-0 z-10 grid h-8 items-center gap-3 border-b bg-surface px-4 text-xs font-medium text-muted",
              COLUMNS,
            )}
          >
            {["Items", "Attempt", "State", "Duration", "Processor", "Memory", "Failure"].map((name) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
          </div>
          <div className="relative" style={{ height: rows.getTotalSize() }} role="rowgroup">
            {rows.getVirtualItems().map(({ index, start }) => {
              const attempt = attempts[index];
              return (
                attempt && (
                  <Row
                    key={attempt.name}
                    attempt={attempt}
                    index={index}
                    start={start}
                    onOpen={(item) =>
                      change({
                        item,
                        attempt: attempt.state === "failed" ? attempt.attempt : undefined,
                        part: attempt.state === "succeeded" ? "output" : "items",
                        path: undefined,
                      })
                    }
                  />
                )
              );
            })}
          </div>
        </div>
        {attempts.length === 0 && (
          <Empty title={item === undefined ? "No attempts" : "No attempt at this item is listed"}>
            {item !== undefined && "It has not begun, or its result was taken over."}
          </Empty>
        )}
      </div>
      {step.attempts_omitted ? (
        <p className="border-t px-4 py-2 text-xs text-muted">
          {plural(step.attempts_omitted, "attempt")} more are not listed; each item has its output and its
          log.
        </p>
      ) : null}
    </>
  );
}

function ItemCounts({ items }: { items: Api<"ItemsView"> }) {
  const {
    total,
    succeeded,
    failed,
    running,
    waiting,
    cancelled = 0,
    cached = 0,
    carried = 0,
    retrying = 0,
  } = items;
  const parts = [
    ["succeeded", succeeded],
    ["failed", failed],
    ["running", running],
    ["waiting", waiting],
    ["cancelled", cancelled],
  ] as const;
  const extra = [
    cached > 0 ? `${count(cached)} took earlier results` : undefined,
    carried > 0 ? `${count(carried)} taken over from the repeated run` : undefined,
    retrying > 0 ? `${count(retrying)} tried again` : undefined,
  ].filter((word) => word !== undefined);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex h-2 overflow-hidden rounded-full bg-sunken" aria-hidden>
        {parts.map(
          ([state, number]) =>
            number > 0 && (
              <span key={state} style={{ width: `${(number / total) * 100}%`, background: colour(state) }} />
            ),
        )}
      </div>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {parts.map(
          ([state, number]) =>
            number > 0 && (
              <span key={state} className="tabular inline-flex items-center gap-1.5">
                <span className="font-medium">{count(number)}</span>
                <StateBadge state={state} />
              </span>
            ),
        )}
      </p>
      {extra.length > 0 && <p className="text-xs text-muted">{extra.join(" · ")}</p>}
    </div>
  );
}

interface RowProps {
  attempt: Api<"AttemptView">;
  index: number;
  start: number;
  onOpen: (item: number) => void;
}

function Row({ attempt, index, start, onOpen }: RowProps) {
  const { items, usage, reused, failure } = attempt;
  const ran = usage && !reused;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={clsx("absolute inset-x-0 grid items-center gap-3 border-b px-4 hover:bg-hover", COLUMNS)}
      style={{ height: ROW, transform: `translateY(${start}px)` }}
    >
      <span role="cell">
        <button
          type="button"
          className="tabular font-medium after:absolute after:inset-0"
          onClick={() => onOpen(items?.first ?? 0)}
        >
          {items ? rangeWords(items) : "–"}
        </button>
      </span>
      <span role="cell" className="tabular">
        {attempt.attempt}
      </span>
      <span role="cell">
        <StateBadge state={attempt.state} />
      </span>
      <span role="cell">
        {reused ? (
          <span className="text-xs text-muted">earlier</span>
        ) : (
          <Duration
            ms={attempt.finished_at ? Date.parse(attempt.finished_at) - Date.parse(attempt.started_at) : null}
            from={attempt.started_at}
          />
        )}
      </span>
      <span role="cell" className="tabular">
        {ran ? duration(usage.cpu_us / 1_000) : "–"}
      </span>
      <span role="cell" className="tabular">
        {ran ? bytes(usage.memory_bytes) : "–"}
      </span>
      <span role="cell" className="truncate text-failed" title={failure?.message.slice(0, 500)}>
        {failure?.message.slice(0, 200)}
      </span>
    </div>
  );
}
