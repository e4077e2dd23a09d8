import { lazy, Suspense, useCallback, useMemo } from "react";
import type { Api } from "@/api/client";
import { Empty, Loading } from "@/components/feedback";
import type { StepStatus } from "@/graph/status";
import { outputTypes, useSignatures } from "@/pipeline/signatures";
import { type Progress, stepStatus } from "./status";
import { useOpenStep } from "./useRunPlace";

const Dag = lazy(() => import("@/graph/Dag"));

interface Props {
  detail: Api<"RunDetail">;
  graph: Api<"GraphView">;
  selected: string | undefined;
  progress: ReadonlyMap<string, Progress>;
}

/** What the run executes, and where each step stands. */
export function GraphTab({ detail, graph, selected, progress }: Props) {
  const statuses = useMemo(
    () =>
      new Map<string, StepStatus>(
        detail.steps.map((step) => [step.name, stepStatus(step, progress.get(step.name))]),
      ),
    [detail.steps, progress],
  );
  const signatures = useSignatures(graph);
  const types = useMemo(() => outputTypes(signatures), [signatures]);
  const open = useOpenStep();
  const select = useCallback((step: string | undefined) => open(step), [open]);
  return (
    <div className="min-h-80 flex-1 overflow-hidden rounded-lg border">
      {graph.nodes.length === 0 ? (
        <Empty title="The pipeline has no steps" />
      ) : (
        <Suspense fallback={<Loading />}>
          <Dag
            graph={graph}
            layoutKey={detail.plan}
            statuses={statuses}
            types={types}
            selected={selected}
            onSelect={select}
          />
        </Suspense>
      )}
    </div>
  );
}
