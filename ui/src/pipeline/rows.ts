/** The list of pipelines: what is deployed, with what their runs and triggers say. */

import type { Api } from "@/api/client";
import { hasEnded } from "@/lib/states";
import { type RunBrief, type Summary, summarise } from "./summary";

export interface PipelineRow {
  name: string;
  description: string;
  /** Nothing is deployed under this name any more; it has runs. */
  deployed: boolean;
  paused: boolean;
  errors: number;
  warnings: number;
  runs: number;
  latest: Api<"RunSummary"> | undefined;
  /** The newest first. */
  recent: RunBrief[];
  summary: Summary;
  triggers: number;
  /** When a schedule starts its next run. */
  next: string | undefined;
}

export const ROW_STATES = ["failing", "running", "succeeded", "never", "broken"] as const;
export type RowState = (typeof ROW_STATES)[number];

/** Which pipelines a list shows. All of it stands in the address. */
export interface RowFilter {
  text?: string;
  state?: RowState;
  paused?: true;
  /** Only those that something starts. */
  triggers?: true;
}

export const ROW_ORDERS = ["name", "state", "rate", "typical", "last", "next"] as const;
export type RowOrder = (typeof ROW_ORDERS)[number];

export function pipelineRows(
  deployed: readonly Api<"DeployedPipeline">[],
  history: readonly Api<"PipelineSummary">[],
  triggers: readonly Api<"TriggerView">[],
): PipelineRow[] {
  const ran = new Map(history.map((summary) => [summary.name, summary]));
  const next = nextFires(triggers);
  const counts = new Map<string, number>();
  for (const { pipeline } of triggers) counts.set(pipeline, (counts.get(pipeline) ?? 0) + 1);
  const rows = deployed.map((pipeline) => {
    const problems = pipeline.problems ?? [];
    const errors = problems.filter((problem) => problem.severity === "error").length;
    return {
      ...rowOf(pipeline.name, ran.get(pipeline.name)),
      description: pipeline.description,
      deployed: true,
      paused: pipeline.paused,
      errors,
      warnings: problems.length - errors,
      triggers: counts.get(pipeline.name) ?? 0,
      next: next.get(pipeline.name),
    };
  });
  const names = new Set(deployed.map((pipeline) => pipeline.name));
  const gone = history.filter((summary) => !names.has(summary.name));
  return [...rows, ...gone.map((summary) => rowOf(summary.name, summary))];
}

function rowOf(name: string, ran: Api<"PipelineSummary"> | undefined): PipelineRow {
  const recent = ran?.recent ?? [];
  return {
    name,
    description: "",
    deployed: false,
    paused: false,
    errors: 0,
    warnings: 0,
    runs: ran?.runs ?? 0,
    latest: ran?.latest,
    recent,
    summary: summarise(recent),
    triggers: 0,
    next: undefined,
  };
}

/** The first of the next times of each pipeline's triggers. */
function nextFires(triggers: readonly Api<"TriggerView">[]): Map<string, string> {
  const fires = new Map<string, string>();
  for (const { pipeline, next } of triggers) {
    const first = next?.[0];
    const known = fires.get(pipeline);
    if (first && (!known || Date.parse(first) < Date.parse(known))) fires.set(pipeline, first);
  }
  return fires;
}

/** How the last run ended that came to a result: one that goes on does not say yet. */
function lastResult(row: PipelineRow): Api<"RunState"> | undefined {
  return row.recent.find((run) => hasEnded(run.state) && run.state !== "cancelled")?.state;
}

export function isFailing(row: PipelineRow): boolean {
  return lastResult(row) === "failed";
}

const STATES: Record<RowState, (row: PipelineRow) => boolean> = {
  failing: isFailing,
  running: (row) => row.latest !== undefined && !hasEnded(row.latest.state),
  succeeded: (row) => lastResult(row) === "succeeded",
  never: (row) => row.runs === 0,
  broken: (row) => row.errors > 0,
};

/** How many there are of each, whatever else is filtered. */
export function countRows(
  rows: readonly PipelineRow[],
): Record<RowState, number> & { paused: number; triggers: number } {
  const count = (state: RowState) => rows.filter(STATES[state]).length;
  return {
    failing: count("failing"),
    running: count("running"),
    succeeded: count("succeeded"),
    never: count("never"),
    broken: count("broken"),
    paused: rows.filter((row) => row.paused).length,
    triggers: rows.filter((row) => row.triggers > 0).length,
  };
}

export function filterRows(
  rows: readonly PipelineRow[],
  { text, state, paused, triggers }: RowFilter,
): PipelineRow[] {
  const sought = text?.trim().toLowerCase() ?? "";
  return rows.filter(
    (row) =>
      (state === undefined || STATES[state](row)) &&
      (!paused || row.paused) &&
      (!triggers || row.triggers > 0) &&
      (row.name.includes(sought) || row.description.toLowerCase().includes(sought)),
  );
}

/** What is looked at first where somebody looks for trouble. */
const STATE_RANKS: Record<Api<"RunState">, number> = {
  failed: 0,
  running: 1,
  queued: 2,
  cancelled: 3,
  succeeded: 4,
};

const KEYS: Record<RowOrder, (row: PipelineRow) => number | string | undefined> = {
  name: (row) => row.name,
  state: (row) => row.latest && STATE_RANKS[row.latest.state],
  rate: (row) => row.summary.rate,
  typical: (row) => row.summary.typical,
  last: (row) => row.latest && Date.parse(row.latest.created_at),
  next: (row) => (row.next ? Date.parse(row.next) : undefined),
};

/** Sorted; what has no such thing stands last either way, and what is not deployed behind all that is. */
export function sortRows(rows: readonly PipelineRow[], order: RowOrder, descending: boolean): PipelineRow[] {
  const key = KEYS[order];
  return rows.toSorted((one, other) => {
    if (one.deployed !== other.deployed) return one.deployed ? -1 : 1;
    const [left, right] = [key(one), key(other)];
    if (left === right || (left === undefined && right === undefined)) return compare(one.name, other.name);
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return descending ? compare(right, left) : compare(left, right);
  });
}

function compare<T extends number | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
