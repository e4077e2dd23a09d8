import { useEffect, useMemo, useState } from "react";
import type { Api } from "@/api/client";
import { type Layout, type Place, type Point, rankLayout } from "./ranks";

/** Beyond these the better layout takes longer than two seconds, and would move what somebody already looks at. */
const MOST_STEPS = 300;
const MOST_EDGES = 600;
/** A small graph appears once, with its better layout, unless that takes longer. */
const SMALL = 150;
const PATIENCE_MS = 500;

const kept = new Map<string, Layout>();

/** Where the steps of a graph are: quickly, and better a little later. `undefined` while that is worth waiting for. */
export function useLayout(graph: Api<"GraphView">, layoutKey: string, labels: boolean): Layout | undefined {
  const key = `${layoutKey}/${labels ? "wide" : "narrow"}`;
  const quick = useMemo(() => rankLayout(graph), [graph]);
  const [better, setBetter] = useState<{ key: string; layout: Layout }>();
  const [late, setLate] = useState(false);

  useEffect(() => {
    let wanted = true;
    setLate(false);
    const found = kept.get(key) ?? restore(key, graph);
    if (found) {
      kept.set(key, found);
      setBetter({ key, layout: found });
      return;
    }
    const timer = setTimeout(() => setLate(true), graph.nodes.length > SMALL ? 0 : PATIENCE_MS);
    if (graph.nodes.length <= MOST_STEPS && graph.edges.length <= MOST_EDGES) {
      import("./elk")
        .then(({ elkLayout }) => elkLayout(graph, labels))
        .then((layout) => {
          kept.set(key, layout);
          store(key, layout);
          if (wanted) setBetter({ key, layout });
        })
        // The quick layout will do.
        .catch(() => setLate(true));
    }
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [graph, key, labels]);

  const found = better?.key === key ? better.layout : kept.get(key);
  return found ?? (late || graph.nodes.length > SMALL ? quick : undefined);
}

type Row = [name: string, x: number, y: number, bends: [to: string, points: readonly Point[]][]];

const stored = (key: string) => `stepmill.layout.2/${key}`;

/** Layouts outlive a reload, as long as the page is open. */
function store(key: string, layout: Layout) {
  const rows = [...layout].map(([name, { x, y, bends }]): Row => [name, x, y, [...(bends ?? [])]]);
  try {
    sessionStorage.setItem(stored(key), JSON.stringify(rows));
  } catch {
    // Full: it is computed again.
  }
}

function restore(key: string, graph: Api<"GraphView">): Layout | undefined {
  const text = sessionStorage.getItem(stored(key));
  if (!text) return undefined;
  const rows = JSON.parse(text) as Row[];
  const layout = new Map<string, Place>(
    rows.map(([name, x, y, bends]) => [name, { x, y, bends: new Map(bends) }]),
  );
  return graph.nodes.every(({ name }) => layout.has(name)) ? layout : undefined;
}
