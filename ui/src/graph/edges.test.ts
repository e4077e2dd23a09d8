import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { edgesOf } from "./edges";
import type { Layout, Place } from "./ranks";

const graph = {
  nodes: ["a", "b", "c"].map((name) => ({ name, uses: "m/s" })),
  edges: [
    { from: "a", to: "b", kind: "order" },
    { from: "a", to: "c", kind: "order" },
  ],
} as unknown as Api<"GraphView">;

const layout: Layout = new Map<string, Place>([
  ["a", { x: 0, y: 0 }],
  ["b", { x: 300, y: 0 }],
  ["c", { x: 300, y: 30_000 }],
]);

describe("edgesOf", () => {
  it("draws what looks the same as one path", () => {
    const { strokes } = edgesOf(graph, new Map([...layout, ["c", { x: 300, y: 80 }]]), undefined, undefined);
    expect(strokes).toHaveLength(1);
    expect(strokes[0]?.path.match(/M/g)).toHaveLength(2);
  });

  it("dashes lines by their kind, but not those that go far", () => {
    const dashes = edgesOf(graph, layout, undefined, undefined).strokes.map((stroke) => stroke.dashes);
    expect(dashes).toEqual(["1.5 4", undefined]);
  });

  it("draws those of the chosen step over the others", () => {
    const { strokes } = edgesOf(graph, layout, undefined, "b");
    expect(strokes.map(({ colour }) => colour)).toEqual(["var(--faint)", "var(--accent)"]);
  });

  it("leads by the bends of the layout, as one line", () => {
    const bends = new Map([
      [
        "b",
        [
          { x: 200, y: 90 },
          { x: 250, y: 90 },
        ],
      ],
    ]);
    const bent = edgesOf(
      { ...graph, edges: graph.edges.slice(0, 1) },
      new Map<string, Place>([...layout, ["a", { x: 0, y: 0, bends }]]),
      undefined,
      undefined,
    );
    expect(bent.strokes[0]?.path).toMatch(/^M180,26 ?C.* 200,90C.* 250,90C.* 300,26$/);
  });

  it("leaves out what has no place", () => {
    expect(edgesOf(graph, new Map(), undefined, undefined)).toEqual({ strokes: [], labels: [] });
  });

  it("names types, but not on each of many edges", () => {
    const data = (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `to_${index}`);
      return {
        nodes: ["a", ...names].map((name) => ({ name, uses: "m/s" })),
        edges: names.map((to) => ({ from: "a", to, kind: "data" })),
      } as unknown as Api<"GraphView">;
    };
    const labels = (graph: Api<"GraphView">, chosen?: string) => {
      const places = new Map(graph.nodes.map(({ name }, index) => [name, { x: 0, y: index * 80 }]));
      return edgesOf(graph, places, new Map([["a", "list of integer"]]), chosen).labels.map(
        ({ text }) => text,
      );
    };
    expect(labels(data(2))).toEqual(["list of integer", "list of integer"]);
    expect(labels(data(50))).toEqual([]);
    expect(labels(data(50), "to_1")).toEqual(["list of integer"]);
    expect(labels(data(50), "a")).toEqual([]);
  });
});
