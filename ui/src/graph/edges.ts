/** What leads to what, as lines: whole for data, dashed for conditions, dotted for order alone. */

import { getBezierPath, Position } from "@xyflow/react";
import type { Api } from "@/api/client";
import { type Layout, NODE_HEIGHT, NODE_WIDTH, type Point } from "./ranks";

/** All edges that look the same: one path, however many there are. */
export interface Stroke {
  key: string;
  path: string;
  colour: string;
  width: number;
  dashes?: string;
}

export interface EdgeLabel {
  key: string;
  text: string;
  x: number;
  y: number;
}

const DASHES: Record<Api<"EdgeKind">, string | undefined> = {
  data: undefined,
  condition: "6 4",
  order: "1.5 4",
};

/** A line that goes further is whole: a browser takes seconds to draw the dashes of a thousand such lines. */
const DASHED = 2_000;

/** Graphs with more edges carry labels only around the chosen step; and not even there, where it has more. */
const LABELLED = 40;

/** Longer labels would hide more than they tell. */
const LABEL = 20;

/** Whether there is a word on each edge: the steps need more room between them then. */
export const areLabelled = (graph: Pick<Api<"GraphView">, "edges">) => graph.edges.length <= LABELLED;

/** Those of the chosen step come last: they are drawn over the others. */
export function edgesOf(
  graph: Api<"GraphView">,
  layout: Layout,
  types: ReadonlyMap<string, string> | undefined,
  chosen: string | undefined,
): { strokes: Stroke[]; labels: EdgeLabel[] } {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const nearby = graph.edges.filter(({ from, to }) => from === chosen || to === chosen).length;
  const all = areLabelled(graph);
  const strokes = new Map<string, Stroke & { near: boolean; parts: string[] }>();
  const labels: EdgeLabel[] = [];
  for (const { from, to, kind } of graph.edges) {
    const [start, end] = [layout.get(from), layout.get(to)];
    if (!start || !end) continue;
    const near = from === chosen || to === chosen;
    const far = Math.hypot(start.x - end.x, start.y - end.y) > DASHED;
    const { path, x, y } = curve(
      { x: start.x + NODE_WIDTH, y: start.y + NODE_HEIGHT / 2 },
      start.bends?.get(to) ?? [],
      { x: end.x, y: end.y + NODE_HEIGHT / 2 },
    );
    const key = [kind, near ? "near" : "", far ? "far" : ""].join(" ");
    const stroke = strokes.get(key) ?? { key, near, parts: [], path: "", ...look(kind, near, far) };
    stroke.parts.push(path);
    strokes.set(key, stroke);
    const text =
      all || (near && nearby <= LABELLED) ? labelOf(kind, nodes.get(to), types?.get(from)) : undefined;
    if (text) labels.push({ key: `${from}→${to}`, text: shorten(text), x, y });
  }
  return {
    strokes: [...strokes.values()]
      .toSorted((one, other) => Number(one.near) - Number(other.near))
      .map(({ near, parts, ...stroke }) => ({ ...stroke, path: parts.join("") })),
    labels,
  };
}

/** A curve by the bends, which is level at each of them; and where its middle is. */
function curve(start: Point, bends: readonly Point[], end: Point) {
  const points = [start, ...bends, end];
  const legs = points.slice(1).map((to, index) => {
    const from = points[index] ?? start;
    const [path, x, y] = getBezierPath({
      sourceX: from.x,
      sourceY: from.y,
      sourcePosition: Position.Right,
      targetX: to.x,
      targetY: to.y,
      targetPosition: Position.Left,
    });
    // One line: only its first leg moves to where it begins.
    return { path: index > 0 ? path.slice(path.indexOf("C")) : path, x, y };
  });
  const { x, y } = legs[Math.floor(legs.length / 2)] ?? start;
  return { path: legs.map((leg) => leg.path).join(""), x, y };
}

function look(kind: Api<"EdgeKind">, near: boolean, far: boolean) {
  const dashes = far ? undefined : DASHES[kind];
  return {
    colour: near ? "var(--accent)" : kind === "data" ? "var(--line-strong)" : "var(--faint)",
    width: near ? 2 : 1.25,
    ...(dashes ? { dashes } : {}),
  };
}

/** On a condition's line its text, or which case of which branch; on a value's line its type. */
function labelOf(
  kind: Api<"EdgeKind">,
  target: Api<"NodeView"> | undefined,
  type: string | undefined,
): string | undefined {
  if (kind === "condition") {
    return target?.branches?.at(-1) ?? target?.when ?? undefined;
  }
  return kind === "data" ? type : undefined;
}

function shorten(text: string): string {
  return text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text;
}
