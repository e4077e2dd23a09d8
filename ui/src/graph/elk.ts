/** The better layout, computed by elkjs off the page. */

import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import type { Api } from "@/api/client";
import { scriptUrl } from "@/lib/trusted";
import { type Layout, NODE_HEIGHT, NODE_WIDTH, type Place, type Point } from "./ranks";

let elk: InstanceType<typeof ELK> | undefined;

function engine() {
  elk ??= new ELK({ algorithms: ["layered"], workerFactory: () => new Worker(scriptUrl(workerUrl)) });
  return elk;
}

/** Layers of steps with few crossings, and edges that keep clear of steps. */
export async function elkLayout(graph: Api<"GraphView">, labels: boolean): Promise<Layout> {
  const laidOut: ElkNode = await engine().layout({
    id: "graph",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": labels ? "112" : "72",
      "elk.spacing.nodeNode": "24",
      "elk.spacing.componentComponent": "40",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      // The order in which the pipeline tells them.
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      // Bends only where an edge leads past steps: the curves between them are ours.
      "elk.edgeRouting": "POLYLINE",
    },
    children: graph.nodes.map(({ name }) => ({ id: name, width: NODE_WIDTH, height: NODE_HEIGHT })),
    edges: graph.edges.map(({ from, to }, index) => ({ id: `${index}`, sources: [from], targets: [to] })),
  });
  const bends = new Map<string, Map<string, Point[]>>();
  for (const { sources, targets, sections } of laidOut.edges ?? []) {
    const [from, to, points] = [sources[0], targets[0], sections?.[0]?.bendPoints];
    if (from !== undefined && to !== undefined && points?.length) {
      bends.set(from, (bends.get(from) ?? new Map<string, Point[]>()).set(to, points));
    }
  }
  const places = (laidOut.children ?? []).map(({ id, x = 0, y = 0 }): [string, Place] => {
    const own = bends.get(id);
    return [id, own ? { x, y, bends: own } : { x, y }];
  });
  return new Map(places);
}
