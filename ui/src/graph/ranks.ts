/** A quick layout: columns by the longest way from a source. Shown until the better one is there, which takes longer. */

import type { Api } from "@/api/client";

export interface Point {
  x: number;
  y: number;
}

export interface Place extends Point {
  /** Where edges that lead past other steps bend, by the step that they lead to. */
  bends?: ReadonlyMap<string, readonly Point[]>;
}

/** Where steps are, by name. */
export type Layout = ReadonlyMap<string, Place>;

export const NODE_WIDTH = 180;
export const NODE_HEIGHT = 52;
const COLUMN = NODE_WIDTH + 72;
const ROW = NODE_HEIGHT + 24;
/** How often the rows of neighbouring columns are brought together. */
const SWEEPS = 4;

type Graph = Pick<Api<"GraphView">, "nodes" | "edges">;

export function rankLayout(graph: Graph): Layout {
  const { up, down } = neighbours(graph);
  const columns = columnsOf(graph, up);
  const row = new Map<string, number>();
  for (const column of columns) {
    column.forEach((name, index) => {
      row.set(name, index - (column.length - 1) / 2);
    });
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forwards = sweep % 2 === 0;
    for (const column of forwards ? columns : [...columns].reverse()) {
      arrange(column, row, forwards ? up : down);
    }
  }
  const layout = new Map<string, Point>();
  columns.forEach((column, index) => {
    for (const name of column) {
      layout.set(name, { x: index * COLUMN, y: (row.get(name) ?? 0) * ROW });
    }
  });
  return layout;
}

/** The steps before and behind each step. */
export function neighbours(graph: Graph) {
  const up = new Map<string, string[]>(graph.nodes.map(({ name }) => [name, []]));
  const down = new Map<string, string[]>(graph.nodes.map(({ name }) => [name, []]));
  for (const { from, to } of graph.edges) {
    up.get(to)?.push(from);
    down.get(from)?.push(to);
  }
  return { up, down };
}

/** Steps by their distance from the sources. The nodes are in topological order, so that one pass is enough. */
function columnsOf(graph: Graph, up: Map<string, string[]>): string[][] {
  const rank = new Map<string, number>();
  const columns: string[][] = [];
  for (const { name } of graph.nodes) {
    const own = Math.max(-1, ...(up.get(name) ?? []).map((above) => rank.get(above) ?? 0)) + 1;
    rank.set(name, own);
    columns[own] = columns[own] ?? [];
    columns[own].push(name);
  }
  return columns;
}

/** Brings each step of a column near the middle of its neighbours, in their order and without overlaps. */
function arrange(column: string[], row: Map<string, number>, near: Map<string, string[]>) {
  const wanted = new Map<string, number>();
  for (const name of column) {
    const rows = (near.get(name) ?? []).map((other) => row.get(other) ?? 0);
    const middle =
      rows.length > 0 ? rows.reduce((sum, one) => sum + one, 0) / rows.length : (row.get(name) ?? 0);
    wanted.set(name, middle);
  }
  column.sort((one, other) => (wanted.get(one) ?? 0) - (wanted.get(other) ?? 0));
  let next = Number.NEGATIVE_INFINITY;
  let shift = 0;
  for (const name of column) {
    const want = wanted.get(name) ?? 0;
    const own = Math.max(want, next);
    row.set(name, own);
    shift += own - want;
    next = own + 1;
  }
  // Pushed down only by those above: the column as a whole stays where it wanted to be.
  const back = shift / column.length;
  for (const name of column) {
    row.set(name, (row.get(name) ?? 0) - back);
  }
}
