/** The steps of a pipeline and what leads to what; coloured, where a run is shown. */

import "@xyflow/react/dist/style.css";
import "./dag.css";
import {
  Background,
  getViewportForBounds,
  MiniMap,
  type NodeMouseHandler,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { Loading } from "@/components/feedback";
import { colour, type StepState } from "@/lib/states";
import { isTyping } from "@/shell/shortcuts";
import { Edges } from "./Edges";
import { areLabelled, edgesOf } from "./edges";
import { type Layout, NODE_HEIGHT, NODE_WIDTH } from "./ranks";
import { StepNode, type StepNodeType } from "./StepNode";
import type { StepStatus } from "./status";
import { Toolbar } from "./Toolbar";
import { useLayout } from "./useLayout";
import { useNodes } from "./useNodes";
import { type Direction, walk } from "./walk";

export interface DagProps {
  graph: Api<"GraphView">;
  /** Names the layout: the hash of the plan, or the pipeline and its revision. */
  layoutKey: string;
  statuses?: ReadonlyMap<string, StepStatus>;
  /** What each step returns, in words. */
  types?: ReadonlyMap<string, string>;
  selected?: string | undefined;
  onSelect: (step: string | undefined) => void;
}

const NODE_TYPES = { step: StepNode };
/** Below this nobody could read anything: the view begins at the first step instead of showing all. */
const READABLE_ZOOM = 0.35;
const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
/** The view has its size and place by then. */
const REVEAL_MS = 120;
const MIN_ZOOM = 0.02;
const FIT = { padding: 0.08, maxZoom: 1 };

export default function Dag(props: DagProps) {
  const layout = useLayout(props.graph, props.layoutKey, areLabelled(props.graph));
  if (!layout) {
    return <Loading />;
  }
  return (
    <ReactFlowProvider>
      <Canvas {...props} layout={layout} />
    </ReactFlowProvider>
  );
}

interface CanvasProps extends DagProps {
  layout: Layout;
}

function Canvas({ graph, layout, statuses, types, selected, onSelect }: CanvasProps) {
  const flow = useReactFlow<StepNodeType>();
  const box = useRef<HTMLDivElement>(null);
  const [search, setSearch] = useState("");
  // Where the arrow keys led since the selection: it holds until there is another one.
  const [walked, setWalked] = useState<{ to: string; from: string | undefined }>();
  const chosen = walked && walked.from === selected ? walked.to : selected;
  const nodes = useNodes(graph, layout, statuses, chosen, search);
  const edges = useMemo(() => edgesOf(graph, layout, types, chosen), [graph, layout, types, chosen]);

  const centre = useCallback(
    (name: string) => {
      const place = layout.get(name);
      if (place) {
        const zoom = Math.max(flow.getZoom(), 0.7);
        void flow.setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, { zoom, duration: 200 });
      }
    },
    [flow, layout],
  );

  const show = useCallback(() => {
    const view = box.current;
    // All steps of a large graph at once take long to draw: it is not even tried where nobody could read them.
    if (view && zoomOfAll(layout, view) < READABLE_ZOOM) begin(flow, layout, graph, view.clientWidth);
    else void flow.fitView(FIT);
  }, [flow, layout, graph]);
  // The first layout is only a guess of the second one.
  useEffect(show, [show]);

  // A step that was chosen elsewhere, or that what opened beside the graph hides, is brought into view.
  useEffect(() => {
    const place = selected === undefined ? undefined : layout.get(selected);
    if (!place) return;
    const timer = setTimeout(() => {
      const view = box.current?.getBoundingClientRect();
      const from = flow.flowToScreenPosition(place);
      const to = flow.flowToScreenPosition({ x: place.x + NODE_WIDTH, y: place.y + NODE_HEIGHT });
      const inside =
        view && from.x >= view.left && from.y >= view.top && to.x <= view.right && to.y <= view.bottom;
      if (!inside) {
        const middle = { x: place.x + NODE_WIDTH / 2, y: place.y + NODE_HEIGHT / 2 };
        void flow.setCenter(middle.x, middle.y, { zoom: flow.getZoom(), duration: 200 });
      }
    }, REVEAL_MS);
    return () => clearTimeout(timer);
  }, [flow, layout, selected]);

  const found = useMemo(() => {
    const text = search.trim().toLowerCase();
    return text
      ? graph.nodes.filter(({ name }) => name.toLowerCase().includes(text)).map(({ name }) => name)
      : [];
  }, [graph, search]);

  const goTo = (name: string) => {
    setWalked({ to: name, from: selected });
    centre(name);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = ARROWS[event.key];
    if (direction) {
      const next = walk(graph, layout, chosen, direction);
      if (next) goTo(next);
    } else if (event.key === "Enter" && chosen) {
      onSelect(chosen);
    } else if (event.key === "Escape" && selected) {
      onSelect(undefined);
    } else if (event.key === "+" || event.key === "=") {
      void flow.zoomIn({ duration: 150 });
    } else if (event.key === "-") {
      void flow.zoomOut({ duration: 150 });
    } else if (event.key === "0") {
      void flow.fitView({ ...FIT, duration: 200 });
    } else if (event.key === "/") {
      box.current?.querySelector<HTMLInputElement>("input[type=search]")?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onNodeClick: NodeMouseHandler<StepNodeType> = (_, node) => {
    setWalked(undefined);
    onSelect(node.id);
  };

  const status = chosen ? statuses?.get(chosen) : undefined;
  return (
    <div
      ref={box}
      className="dag h-full min-h-0 w-full"
      role="group"
      aria-label={`Graph of ${graph.nodes.length} steps. The arrow keys go from step to step, Enter opens one.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys work here
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <ReactFlow
        nodes={nodes}
        nodeTypes={NODE_TYPES}
        onNodeClick={onNodeClick}
        onPaneClick={() => onSelect(undefined)}
        onlyRenderVisibleElements
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        selectionKeyCode={null}
        minZoom={MIN_ZOOM}
        maxZoom={2}
      >
        <Edges {...edges} />
        <Background gap={20} size={1} color="var(--line)" />
        <Panel position="top-left">
          <Toolbar
            search={search}
            onSearch={setSearch}
            found={found}
            onGoTo={goTo}
            onFit={() => void flow.fitView({ ...FIT, duration: 200 })}
            onZoomIn={() => void flow.zoomIn({ duration: 150 })}
            onZoomOut={() => void flow.zoomOut({ duration: 150 })}
          />
        </Panel>
        {graph.nodes.length > 30 && (
          <MiniMap<StepNodeType>
            pannable
            zoomable
            ariaLabel="The whole graph, small"
            nodeColor={miniColour}
            bgColor="var(--surface)"
            maskColor="color-mix(in srgb, var(--sunken) 65%, transparent)"
          />
        )}
      </ReactFlow>
      <p className="sr-only" aria-live="polite">
        {chosen ? `Step ${chosen}${status ? `, ${said(status)}` : ""}` : ""}
      </p>
    </div>
  );
}

function said({ state, why }: { state: StepState; why?: string }): string {
  return why ? `${state}: ${why}` : state;
}

function miniColour({ data }: StepNodeType): string {
  return data.status ? colour(data.status.state) : "var(--line-strong)";
}

/** How large all of it would be in a view. */
function zoomOfAll(layout: Layout, { clientWidth, clientHeight }: HTMLElement): number {
  let [right, bottom] = [0, 0];
  let [left, top] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { x, y } of layout.values()) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + NODE_WIDTH);
    bottom = Math.max(bottom, y + NODE_HEIGHT);
  }
  const bounds = { x: left, y: top, width: right - left, height: bottom - top };
  return getViewportForBounds(bounds, clientWidth, clientHeight, MIN_ZOOM, FIT.maxZoom, FIT.padding).zoom;
}

/** Shows the beginning of a graph that is too large to be shown as a whole. */
function begin(
  flow: ReturnType<typeof useReactFlow<StepNodeType>>,
  layout: Layout,
  { nodes }: Api<"GraphView">,
  width: number,
) {
  const place = layout.get(nodes[0]?.name ?? "");
  if (place) {
    const zoom = 0.75;
    const left = Math.max(NODE_WIDTH / 2, width / zoom / 2 - NODE_WIDTH / 4);
    void flow.setCenter(place.x + Math.min(left, 2 * NODE_WIDTH), place.y + NODE_HEIGHT / 2, { zoom });
  }
}
