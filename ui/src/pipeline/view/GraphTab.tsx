import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useMemo } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure, Loading } from "@/components/feedback";
import type { PipelineSearch } from "../search";
import { outputTypes, useSignatures } from "../signatures";
import { StepPanel } from "./StepPanel";
import { useChangeSearch } from "./useChangeSearch";

const Dag = lazy(() => import("@/graph/Dag"));

interface Props {
  pipeline: Api<"DeployedPipeline">;
  search: PipelineSearch;
}

/** What a run executes now. */
export function GraphTab({ pipeline: { name, revision }, search }: Props) {
  const { data: graph, error, refetch } = useQuery(queries.pipelineGraph(name));
  const signatures = useSignatures(graph);
  const types = useMemo(() => outputTypes(signatures), [signatures]);
  const change = useChangeSearch();
  const select = useCallback((step: string | undefined) => change({ step }), [change]);
  if (error && !graph) return <Failure error={error} retry={() => void refetch()} />;
  if (!graph) return <Loading />;
  const step = graph.nodes.find((node) => node.name === search.step);
  return (
    <div className="relative flex min-h-80 flex-1 gap-3">
      <div className="min-w-0 flex-1 overflow-hidden rounded-lg border">
        <Suspense fallback={<Loading />}>
          <Dag
            graph={graph}
            layoutKey={`${name}@${revision}`}
            types={types}
            selected={step?.name}
            onSelect={select}
          />
        </Suspense>
      </div>
      {step && (
        <StepPanel
          key={step.name}
          step={step}
          graph={graph}
          signature={signatures.get(step.name)}
          onSelect={select}
        />
      )}
    </div>
  );
}
