/** Where the attempts of a run stand on a common axis of time. */

import type { Api } from "@/api/client";
import { hasEnded } from "@/lib/states";
import type { Step } from "./steps";

export interface Bar {
  /** Its attempts ran, or it waited: to begin, or to be tried again. */
  kind: "attempt" | "queued" | "retry";
  from: number;
  to: number;
  state: Api<"AttemptState"> | "waiting" | "cancelled";
  attempt?: number;
  /** How many attempts it stands for. */
  count: number;
  /** How many of those failed or were lost. */
  failed: number;
  /** It still goes on. */
  open: boolean;
  /** Nothing ran: an earlier result was taken. */
  reused: boolean;
  failure?: string;
  /** Of one finished attempt: what it used. */
  usage?: Api<"UsageView">;
}

export interface Row {
  step: Step;
  bars: Bar[];
}

export interface Gantt {
  start: number;
  end: number;
  rows: Row[];
  /** The steps that the run had to wait for, one behind the other; none while it goes on. */
  critical: ReadonlySet<string>;
}

type Graph = Pick<Api<"GraphView">, "nodes" | "edges">;

/** Bars of items that are closer than this part of the whole are drawn as one. */
const NEAR = 1 / 800;

/** Lays out a run. What goes on goes on until `now`. */
export function layOut(detail: Api<"RunDetail">, graph: Graph, now: number): Gantt {
  const start = Date.parse(detail.run.created_at);
  const { finished_at } = detail.run;
  let end = Math.max(finished_at ? Date.parse(finished_at) : now, start + 1);
  for (const step of detail.steps) end = Math.max(end, lastTime(step));
  const above = parents(graph);
  const { ready, ends } = readyTimes(detail.steps, graph, above, start);
  const rows = detail.steps.map((step) => row(step, ready.get(step.name), end, (end - start) * NEAR));
  const critical = finished_at ? criticalPath(detail.steps, above, ends) : new Set<string>();
  return { start, end, rows, critical };
}

function lastTime(step: Step): number {
  let last = 0;
  for (const { started_at, finished_at } of step.attempts) {
    last = Math.max(last, Date.parse(finished_at ?? started_at));
  }
  return last;
}

/** What each step comes behind. */
function parents({ nodes, edges }: Graph): Map<string, string[]> {
  const above = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = above.get(to);
    if (known) known.push(from);
    else above.set(to, [from]);
  }
  // `finally` steps come behind all others.
  const others = nodes.filter((node) => !node.finally).map(({ name }) => name);
  for (const node of nodes) {
    if (node.finally) above.set(node.name, [...(above.get(node.name) ?? []), ...others]);
  }
  return above;
}

/** When all that a step comes behind had ended, and when it had itself; nothing while it has not. */
function readyTimes(steps: Step[], { nodes }: Graph, above: Map<string, string[]>, start: number) {
  const last = new Set(nodes.filter((node) => node.finally).map(({ name }) => name));
  const ends = new Map<string, number | undefined>();
  const ready = new Map<string, number>();
  const visit = (step: Step, behind: string[]) => {
    let at: number | undefined = start;
    for (const name of behind) {
      const end = ends.get(name);
      at = at === undefined || end === undefined ? undefined : Math.max(at, end);
    }
    if (at !== undefined) ready.set(step.name, at);
    const ran = step.attempts.length > 0 ? lastTime(step) : at;
    ends.set(step.name, hasEnded(step.state) ? ran : undefined);
  };
  // Steps come in topological order: those above are known already, but for `finally` steps among them.
  for (const step of steps) if (!last.has(step.name)) visit(step, above.get(step.name) ?? []);
  for (const step of steps) if (last.has(step.name)) visit(step, above.get(step.name) ?? []);
  return { ready, ends };
}

/** From the step that ended last to the one before it that it waited for longest, and so on. One alone is no path. */
function criticalPath(
  steps: Step[],
  above: Map<string, string[]>,
  ends: Map<string, number | undefined>,
): Set<string> {
  const ran = new Set(steps.filter(({ attempts }) => attempts.length > 0).map(({ name }) => name));
  const latest = (names: Iterable<string>) => {
    let found: string | undefined;
    for (const name of names) {
      if (found === undefined || (ends.get(name) ?? 0) > (ends.get(found) ?? 0)) found = name;
    }
    return found;
  };
  const path = new Set<string>();
  // Steps that did not run pass on what they waited for, without being a part of it.
  const seen = new Set<string>();
  for (let name = latest(ran); name && !seen.has(name); name = latest(above.get(name) ?? [])) {
    seen.add(name);
    if (ran.has(name)) path.add(name);
  }
  return path.size > 1 ? path : new Set();
}

/** As they began; those that did not come last, as the pipeline has them. */
export function byStart(rows: readonly Row[]): Row[] {
  const began = ({ bars }: Row) => bars.find(({ kind }) => kind === "attempt")?.from ?? Number.MAX_VALUE;
  return [...rows].sort((one, other) => began(one) - began(other));
}

function row(step: Step, ready: number | undefined, end: number, near: number): Row {
  const bars = step.items ? itemBars(step, end, near) : attemptBars(step, end);
  const first = bars[0]?.from;
  const begun = first ?? (hasEnded(step.state) ? undefined : end);
  // Of a step that ended without an attempt nobody knows how long it waited.
  if (ready !== undefined && begun !== undefined && begun > ready) {
    bars.unshift(waiting("queued", ready, begun, first === undefined));
  }
  return { step, bars };
}

function attemptBars(step: Step, end: number): Bar[] {
  const bars: Bar[] = [];
  step.attempts.forEach((attempt, index) => {
    const before = step.attempts[index - 1];
    const from = Date.parse(attempt.started_at);
    if (before?.finished_at) bars.push(waiting("retry", Date.parse(before.finished_at), from, false));
    bars.push(attemptBar(attempt, end));
  });
  const last = step.attempts.at(-1);
  if (last?.finished_at && last.state !== "succeeded" && !hasEnded(step.state)) {
    bars.push(waiting("retry", Date.parse(last.finished_at), end, true));
  }
  return bars;
}

function attemptBar(attempt: Api<"AttemptView">, end: number): Bar {
  const from = Date.parse(attempt.started_at);
  const { finished_at, items, failure, state, usage } = attempt;
  const count = items?.count ?? 1;
  // It did nothing wrong: the run was ending.
  const cancelled = failure?.kind === "cancelled";
  return {
    kind: "attempt",
    from,
    to: finished_at ? Date.parse(finished_at) : Math.max(from, end),
    state: cancelled ? "cancelled" : state,
    attempt: attempt.attempt,
    count,
    failed: !cancelled && (state === "failed" || state === "lost") ? count : 0,
    open: !finished_at,
    reused: attempt.reused != null,
    ...(failure ? { failure: failure.message } : {}),
    ...(usage ? { usage } : {}),
  };
}

function waiting(kind: "queued" | "retry", from: number, to: number, open: boolean): Bar {
  return { kind, from, to, state: "waiting", count: 1, failed: 0, open, reused: false };
}

/** Items run beside each other: what overlaps is one bar, however many there are. */
function itemBars(step: Step, end: number, near: number): Bar[] {
  const bars = step.attempts.map((attempt) => attemptBar(attempt, end));
  bars.sort((one, other) => one.from - other.from);
  const kept: Bar[] = [];
  for (const bar of bars) {
    const before = kept.at(-1);
    if (before && bar.from - before.to <= near) join(before, bar);
    else kept.push(bar);
  }
  return kept;
}

/** Lets one bar stand for another, too. */
function join(bar: Bar, other: Bar) {
  bar.to = Math.max(bar.to, other.to);
  bar.count += other.count;
  bar.failed += other.failed;
  bar.open ||= other.open;
  bar.reused &&= other.reused;
  bar.failure ??= other.failure;
  delete bar.usage;
  if (bar.attempt !== other.attempt) delete bar.attempt;
  // What runs is more than what failed, since that is tried again; what failed is more than what did not.
  const worse = bar.state === "cancelled" ? bar.state : other.state;
  bar.state = bar.open ? "running" : bar.failed > 0 ? "failed" : worse;
}

/** A part of the axis. */
export interface Span {
  from: number;
  to: number;
}

/** Where a bar stands in what is shown, as parts of it; nothing if it is beside it. */
export function place(bar: Span, shown: Span): { left: number; width: number } | undefined {
  if (bar.to < shown.from || bar.from > shown.to) return undefined;
  const whole = shown.to - shown.from;
  const left = Math.max(0, (bar.from - shown.from) / whole);
  return { left, width: Math.min(1, (bar.to - shown.from) / whole) - left };
}

/** The same around a point, closer by `factor`, within the whole. */
export function zoom(shown: Span, whole: Span, factor: number, around: number): Span {
  const size = Math.min(Math.max((shown.to - shown.from) * factor, 1), whole.to - whole.from);
  const part = (around - shown.from) / (shown.to - shown.from);
  return within({ from: around - size * part, to: around + size * (1 - part) }, whole);
}

/** Moves a span so that it lies within the whole. */
export function within(shown: Span, whole: Span): Span {
  const size = Math.min(shown.to - shown.from, whole.to - whole.from);
  const from = Math.min(Math.max(shown.from, whole.from), whole.to - size);
  return { from, to: from + size };
}

/** Round distances in milliseconds, so that an axis reads well. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  [1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  [1, 2, 4, 6, 12, 24, 48, 168].map((hours) => hours * 3_600_000),
);

/** About so many marks, in milliseconds since `start`. */
export function ticks(shown: Span, start: number, about: number): number[] {
  const size = shown.to - shown.from;
  const step = STEPS.find((step) => size / step <= about) ?? Math.ceil(size / about);
  const marks: number[] = [];
  for (let at = Math.ceil((shown.from - start) / step) * step; at <= shown.to - start; at += step)
    marks.push(at);
  return marks;
}
