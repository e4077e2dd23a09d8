/** Where the arrow keys lead. */

import type { Api } from "@/api/client";
import { type Layout, NODE_WIDTH, neighbours } from "./ranks";

export type Direction = "left" | "right" | "up" | "down";

/** The step to go to from `at`; to the first one from nowhere. */
export function walk(
  graph: Pick<Api<"GraphView">, "nodes" | "edges">,
  layout: Layout,
  at: string | undefined,
  direction: Direction,
): string | undefined {
  const from = at === undefined ? undefined : layout.get(at);
  if (at === undefined || from === undefined) {
    return graph.nodes[0]?.name;
  }
  const nearest = (names: string[], distance: (name: string) => number) =>
    names.reduce<string | undefined>(
      (best, name) => (best === undefined || distance(name) < distance(best) ? name : best),
      undefined,
    );
  const y = (name: string) => layout.get(name)?.y ?? 0;
  if (direction === "left" || direction === "right") {
    const { up, down } = neighbours(graph);
    const next = (direction === "left" ? up : down).get(at) ?? [];
    return nearest(next, (name) => Math.abs(y(name) - from.y)) ?? at;
  }
  const column = graph.nodes
    .map(({ name }) => name)
    .filter((name) => {
      const place = layout.get(name);
      const beside = place !== undefined && Math.abs(place.x - from.x) < NODE_WIDTH;
      return beside && (direction === "up" ? place.y < from.y : place.y > from.y);
    });
  return nearest(column, (name) => Math.abs(y(name) - from.y)) ?? at;
}
