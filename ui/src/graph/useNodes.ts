/** The steps of a graph as nodes that are drawn. */

import { useMemo, useRef } from "react";
import type { Api } from "@/api/client";
import { type Layout, NODE_HEIGHT, NODE_WIDTH } from "./ranks";
import type { StepNodeType } from "./StepNode";
import { type StepStatus, sameStatus } from "./status";

/** One that has not changed stays the same object, and is not drawn again. */
export function useNodes(
  graph: Api<"GraphView">,
  layout: Layout,
  statuses: ReadonlyMap<string, StepStatus> | undefined,
  chosen: string | undefined,
  search: string,
): StepNodeType[] {
  const drawn = useRef(new Map<string, StepNodeType>());
  return useMemo(() => {
    const text = search.trim().toLowerCase();
    const before = drawn.current;
    const now = new Map<string, StepNodeType>();
    for (const step of graph.nodes) {
      const position = layout.get(step.name) ?? { x: 0, y: 0 };
      const status = statuses?.get(step.name);
      const found = text !== "" && step.name.toLowerCase().includes(text);
      const old = before.get(step.name);
      const same =
        old &&
        old.data.step === step &&
        old.position.x === position.x &&
        old.position.y === position.y &&
        old.data.chosen === (step.name === chosen) &&
        old.data.found === found &&
        sameStatus(old.data.status, status);
      now.set(
        step.name,
        same
          ? old
          : {
              id: step.name,
              type: "step",
              position,
              width: NODE_WIDTH,
              height: NODE_HEIGHT,
              // Without these React Flow draws all nodes once, however many and wherever they are, to look at them.
              measured: { width: NODE_WIDTH, height: NODE_HEIGHT },
              handles: [],
              data: { step, chosen: step.name === chosen, found, ...(status ? { status } : {}) },
            },
      );
    }
    drawn.current = now;
    return [...now.values()];
  }, [graph, layout, statuses, chosen, search]);
}
