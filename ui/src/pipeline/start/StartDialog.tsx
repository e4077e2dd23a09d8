import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { toast } from "sonner";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";
import { Dialog } from "@/components/Dialog";
import { Failure, Loading } from "@/components/feedback";
import { useMay } from "@/shell/session";
import { useSignatures } from "../signatures";
import { useChangeSearch } from "../view/useChangeSearch";
import { RequestKeys } from "./key";
import { StartForm } from "./StartForm";
import { shapeOf } from "./shape";

/** Starts a run by hand. */
export default function StartDialog({ pipeline: { name } }: { pipeline: Api<"DeployedPipeline"> }) {
  const may = useMay("operator");
  const change = useChangeSearch();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery(queries.pipelineParams(name));
  const graph = useQuery(queries.pipelineGraph(name));
  const signatures = useSignatures(graph.data);
  const keys = useRef(new RequestKeys());
  const shapes = useMemo(
    () => new Map(data?.params.map((param) => [param.name, shapeOf(param.name, graph.data, signatures)])),
    [data, graph.data, signatures],
  );
  const close = () => change({ start: undefined });

  const start = async (body: string, stay: boolean) => {
    const run = await answer(
      api.POST("/api/v1/pipelines/{name}/runs", {
        params: { path: { name }, header: { "Idempotency-Key": keys.current.of(body) } },
        // The text as it was made: numbers in it may be larger than those of the browser.
        body: { cache: true },
        bodySerializer: () => body,
      }),
    );
    keys.current.done();
    void cache.invalidateQueries({ queryKey: ["runs"] });
    const open = () => void navigate({ to: "/runs/$run", params: { run: run.id } });
    if (!stay) {
      open();
      return;
    }
    toast.success(`A run of ${name} has started`, { action: { label: "Open the run", onClick: open } });
    close();
  };

  if (!may) return null;
  return (
    <Dialog open onOpenChange={(open) => !open && close()} title={`Run ${name}`}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data || graph.isLoading ? (
        <Loading />
      ) : (
        <StartForm params={data.params} shapes={shapes} onStart={start} />
      )}
    </Dialog>
  );
}
