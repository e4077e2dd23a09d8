import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { NODE_HEIGHT, NODE_WIDTH, rankLayout } from "./ranks";

function graph(edges: [string, string][], names = [...new Set(edges.flat())]) {
  return {
    nodes: names.map((name) => ({ name, uses: "m/s" })) as Api<"NodeView">[],
    edges: edges.map(([from, to]) => ({ from, to, kind: "data" as const })),
  };
}

describe("rankLayout", () => {
  it("puts every step behind all that come before it", () => {
    const edges: [string, string][] = [
      ["a", "b"],
      ["a", "c"],
      ["b", "d"],
      ["c", "d"],
      ["a", "d"],
    ];
    const layout = rankLayout(graph(edges));
    for (const [from, to] of edges) {
      expect(layout.get(from)?.x).toBeLessThanOrEqual((layout.get(to)?.x ?? 0) - NODE_WIDTH);
    }
  });

  it("lets no two steps overlap", () => {
    const names = Array.from({ length: 60 }, (_, index) => `s${index}`);
    const edges = names.flatMap((to, index) =>
      [Math.floor(index / 3), Math.floor(index / 2)]
        .filter((from) => from < index)
        .map((from): [string, string] => [`s${from}`, to]),
    );
    const places = [...rankLayout(graph(edges, names)).values()];
    places.forEach((one, index) => {
      for (const other of places.slice(index + 1)) {
        const apart = Math.abs(one.x - other.x) >= NODE_WIDTH || Math.abs(one.y - other.y) >= NODE_HEIGHT;
        expect(apart).toBe(true);
      }
    });
  });

  it("keeps a chain on one line", () => {
    const layout = rankLayout(
      graph([
        ["a", "b"],
        ["b", "c"],
      ]),
    );
    expect(new Set([...layout.values()].map(({ y }) => Math.round(y))).size).toBe(1);
  });

  it("takes a graph without steps", () => {
    expect(rankLayout(graph([])).size).toBe(0);
  });
});
