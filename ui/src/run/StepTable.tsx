import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, ArrowUp, Recycle, X } from "lucide-react";
import { memo, type ReactNode, useEffect, useMemo, useRef } from "react";
import type { Api } from "@/api/client";
import { Button } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Select } from "@/components/form";
import { SearchField } from "@/components/SearchField";
import { StateBadge } from "@/components/StateBadge";
import { STEP_STATES } from "@/lib/states";
import { duration } from "@/lib/time";
import { bytes, count, plural } from "@/lib/units";
import { useListKeys } from "./listKeys";
import { type Note, noteOf } from "./note";
import { StepDuration } from "./StepDuration";
import type { RunSearch } from "./search";
import type { Progress } from "./status";
import {
  attemptCount,
  countStates,
  filterSteps,
  isReused,
  nextSort,
  outputBytes,
  type SortKey,
  type Step,
  sortSteps,
  usageOf,
} from "./steps";
import { useOpenStep, useRunPlace } from "./useRunPlace";

const ROW = 36;
/** What the line below a step adds. */
const NOTE = 16;
const COLUMNS =
  "grid-cols-[minmax(9rem,1.4fr)_7.5rem_minmax(8rem,1fr)_7rem_6.5rem_6rem_6rem_6rem] min-w-[61rem]";

const HEADS: [key: SortKey, label: string, number: boolean][] = [
  ["name", "Step", false],
  ["state", "State", false],
  ["uses", "Uses", false],
  ["attempts", "Attempts", true],
  ["duration", "Duration", true],
  ["cpu", "Processor", true],
  ["memory", "Memory", true],
  ["output", "Output", true],
];

interface Props {
  detail: Api<"RunDetail">;
  search: RunSearch;
  /** How far running steps say that they are. */
  progress: ReadonlyMap<string, Progress>;
}

/** The steps of a run, however many. */
export default function StepTable({ detail, search, progress }: Props) {
  const { sort, state, text } = search;
  const steps = useMemo(
    // What goes on is sorted by how long it does when something changes: rows that jump each second are of no use.
    () => sortSteps(filterSteps(detail.steps, { state, text }), sort, Date.now()),
    [detail.steps, state, text, sort],
  );
  const notes = useMemo(
    () => new Map(steps.map((step) => [step.name, noteOf(step, progress.get(step.name))])),
    [steps, progress],
  );
  const height = (index: number) => (notes.get(steps[index]?.name ?? "") ? ROW + NOTE : ROW);
  const heights = steps.map((_, index) => (height(index) > ROW ? 1 : 0)).join("");
  const change = useRunPlace();
  const open = useOpenStep();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => box.current,
    estimateSize: height,
    overscan: 12,
    getItemKey: (index) => steps[index]?.name ?? index,
  });
  // The list keeps the heights that it asked for: other rows may have a note now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the heights are why
  useEffect(() => rows.measure(), [rows, heights]);
  const at = useListKeys(steps.length, {
    onMove: (index) => rows.scrollToIndex(index),
    onOpen: (index) => open(steps[index]?.name),
  });
  return (
    <>
      <StepFilters detail={detail} search={search} shown={steps.length} />
      <div className="min-h-0 flex-1 overflow-auto rounded-lg border bg-surface" ref={box}>
        <div role="table" aria-label="Steps" aria-rowcount={steps.length + 1} className="min-w-fit">
          <div
            role="row"
            className={clsx(
              "sticky top-0 z-10 grid h-8 items-center gap-3 border-b bg-surface px-4 text-xs font-medium text-muted",
              COLUMNS,
            )}
          >
            {HEADS.map(([key, label, number]) => (
              <Head
                key={key}
                label={label}
                number={number}
                order={sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined}
                onSort={() => change({ sort: nextSort(sort, key) })}
              />
            ))}
          </div>
          <div className="relative" style={{ height: rows.getTotalSize() }} role="rowgroup">
            {rows.getVirtualItems().map(({ index, start, size, key }) => {
              const step = steps[index];
              return (
                step && (
                  <Row
                    key={key}
                    step={step}
                    index={index}
                    start={start}
                    height={size}
                    words={notes.get(step.name)?.words}
                    part={notes.get(step.name)?.part}
                    chosen={step.name === search.step}
                    current={index === at}
                    onOpen={open}
                  />
                )
              );
            })}
          </div>
        </div>
        {steps.length === 0 && (
          <Empty title={detail.steps.length === 0 ? "The pipeline has no steps" : "No step is like that"}>
            {detail.steps.length > 0 && "Clear the filters to see all of them."}
          </Empty>
        )}
      </div>
    </>
  );
}

interface FiltersProps {
  detail: Api<"RunDetail">;
  search: RunSearch;
  shown: number;
}

function StepFilters({ detail, search: { state, text }, shown }: FiltersProps) {
  const change = useRunPlace();
  const counts = countStates(detail.steps);
  return (
    <search className="flex flex-wrap items-center gap-2 pb-3" aria-label="Filter steps">
      <SearchField
        label="Search steps"
        placeholder="Step or module"
        text={text}
        onChange={(text) => change({ text })}
      />
      <Select
        aria-label="State"
        className="w-auto!"
        value={state ?? ""}
        onChange={({ target }) => change({ state: STEP_STATES.find((known) => known === target.value) })}
      >
        <option value="">All states</option>
        {STEP_STATES.filter((known) => counts.has(known) || known === state).map((known) => (
          <option key={known} value={known}>
            {known} ({count(counts.get(known) ?? 0)})
          </option>
        ))}
      </Select>
      {(state || text) && (
        <>
          <Button look="quiet" icon={X} onClick={() => change({ state: undefined, text: undefined })}>
            Clear
          </Button>
          <span className="text-muted" role="status">
            {count(shown)} of {plural(detail.steps.length, "step")}
          </span>
        </>
      )}
    </search>
  );
}

interface HeadProps {
  label: string;
  number: boolean;
  order: "ascending" | "descending" | undefined;
  onSort: () => void;
}

function Head({ label, number, order, onSort }: HeadProps) {
  const Arrow = order === "descending" ? ArrowDown : ArrowUp;
  return (
    <span role="columnheader" aria-sort={order ?? "none"} className={clsx("flex", number && "justify-end")}>
      <button
        type="button"
        onClick={onSort}
        className={clsx("flex items-center gap-1 hover:text-text", order && "text-text")}
      >
        {label}
        {order && <Arrow size={12} aria-hidden />}
      </button>
    </span>
  );
}

interface RowProps {
  step: Step;
  index: number;
  start: number;
  height: number;
  /** Its note, in parts that can be compared: rows of which nothing changed are left as they are. */
  words: Note["words"] | undefined;
  part: Note["part"];
  chosen: boolean;
  current: boolean;
  onOpen: (step: string) => void;
}

const Row = memo(({ step, index, start, height, words, part, chosen, current, onOpen }: RowProps) => {
  const usage = usageOf(step);
  const size = outputBytes(step);
  const attempts = attemptCount(step);
  const ran = usage !== undefined && !isReused(step);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={clsx(
        "absolute inset-x-0 grid auto-rows-[35px] items-center gap-3 border-b px-4 hover:bg-hover",
        COLUMNS,
        chosen ? "bg-accent-soft" : current && "bg-hover",
      )}
      style={{ height, transform: `translateY(${start}px)` }}
      data-step={step.name}
    >
      <Cell>
        <button
          type="button"
          className="truncate text-left font-medium after:absolute after:inset-0"
          aria-pressed={chosen}
          title={step.name}
          onClick={() => onOpen(step.name)}
        >
          {step.name}
        </button>
        {words !== undefined && <NoteLine state={step.state} words={words} part={part} />}
      </Cell>
      <Cell className="gap-1.5">
        <StateBadge state={step.state} />
        {isReused(step) && (
          <Recycle size={13} className="shrink-0 text-succeeded" role="img" aria-label="an earlier result" />
        )}
      </Cell>
      <Cell className="truncate text-muted">{step.uses}</Cell>
      <Cell number>{attemptWords(step, attempts)}</Cell>
      <Cell number>
        <StepDuration step={step} />
      </Cell>
      <Cell number>{ran ? duration(usage.cpu_us / 1_000) : "–"}</Cell>
      <Cell number>{ran ? bytes(usage.memory_bytes) : "–"}</Cell>
      <Cell number>{size === undefined ? "–" : bytes(size)}</Cell>
    </div>
  );
});

/** Below all of the row, however narrow its first column is. */
function NoteLine({ state, words, part }: Pick<Step, "state"> & Note) {
  return (
    <span
      className={clsx(
        "pointer-events-none absolute inset-x-4 top-[30px] flex h-4 items-center gap-2 text-xs",
        state === "failed" ? "text-failed" : "text-muted",
      )}
    >
      {part !== undefined && (
        <span className="h-1 w-28 shrink-0 overflow-hidden rounded-full bg-sunken" aria-hidden>
          <span className="block h-full bg-running" style={{ width: `${part * 100}%` }} />
        </span>
      )}
      <span className="tabular truncate">{words}</span>
    </span>
  );
}

function attemptWords({ items, max_attempts }: Step, attempts: number): string {
  if (items) return plural(items.total, "item");
  if (attempts === 0) return "–";
  return max_attempts ? `${attempts} of ${max_attempts}` : count(attempts);
}

function Cell({
  number,
  className,
  children,
}: {
  number?: boolean;
  className?: string;
  children: ReactNode;
}) {
  return (
    <div
      role="cell"
      className={clsx(
        "min-w-0",
        number
          ? "tabular text-right whitespace-nowrap"
          : !className?.includes("truncate") && "flex items-center",
        className,
      )}
    >
      {children}
    </div>
  );
}
