import { createFileRoute } from "@tanstack/react-router";
import { ProblemError } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure } from "@/components/feedback";
import { readPipelineSearch } from "@/pipeline/search";
import { PipelineView } from "@/pipeline/view/PipelineView";
import { NotFound } from "@/shell/NotFound";

export const Route = createFileRoute("/pipelines/$pipeline")({
  validateSearch: readPipelineSearch,
  loader: ({ context, params }) => context.queries.ensureQueryData(queries.pipeline(params.pipeline)),
  component: PipelineRoute,
  errorComponent: ({ error, reset }) =>
    error instanceof ProblemError && (error.status === 404 || error.status === 400) ? (
      <NotFound what="pipeline">It may have been removed. Its runs are kept in the list of runs.</NotFound>
    ) : (
      <Failure error={error} retry={reset} />
    ),
});

function PipelineRoute() {
  const { pipeline } = Route.useParams();
  return <PipelineView key={pipeline} name={pipeline} search={Route.useSearch()} />;
}
