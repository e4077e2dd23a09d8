import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { rankLayout } from "./ranks";
import { walk } from "./walk";

const names = ["a", "b", "c", "d"];
const graph = {
  nodes: names.map((name) => ({ name, uses: "m/s" })) as Api<"NodeView">[],
  edges: [
    ["a", "b"],
    ["a", "c"],
    ["b", "d"],
    ["c", "d"],
  ].map(([from, to]) => ({ from, to, kind: "data" })) as Api<"EdgeView">[],
};
const layout = rankLayout(graph);

describe("walk", () => {
  it("begins with the first step", () => {
    expect(walk(graph, layout, undefined, "right")).toBe("a");
  });

  it("follows edges sideways", () => {
    expect(["b", "c"]).toContain(walk(graph, layout, "a", "right"));
    expect(walk(graph, layout, "b", "left")).toBe("a");
    expect(walk(graph, layout, "c", "right")).toBe("d");
  });

  it("goes up and down within a column", () => {
    const [upper, lower] = (layout.get("b")?.y ?? 0) < (layout.get("c")?.y ?? 0) ? ["b", "c"] : ["c", "b"];
    expect(walk(graph, layout, upper, "down")).toBe(lower);
    expect(walk(graph, layout, lower, "up")).toBe(upper);
  });

  it("stays where there is nothing further", () => {
    expect(walk(graph, layout, "d", "right")).toBe("d");
    expect(walk(graph, layout, "a", "up")).toBe("a");
  });
});
