import { createFileRoute } from "@tanstack/react-router";
import { ProblemError } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure } from "@/components/feedback";
import { RunView } from "@/run/RunView";
import { readRunSearch } from "@/run/search";
import { NotFound } from "@/shell/NotFound";

export const Route = createFileRoute("/runs/$run")({
  validateSearch: readRunSearch,
  loader: ({ context, params }) =>
    Promise.all([
      context.queries.ensureQueryData(queries.run(params.run)),
      context.queries.ensureQueryData(queries.runGraph(params.run)),
    ]),
  component: RunRoute,
  errorComponent: ({ error, reset }) =>
    error instanceof ProblemError && (error.status === 404 || error.status === 400) ? (
      <NotFound what="run">Its host may have removed it: old runs are kept for a limited time.</NotFound>
    ) : (
      <Failure error={error} retry={reset} />
    ),
});

function RunRoute() {
  const { run } = Route.useParams();
  // Another run is another view: nothing of one may be seen in the other.
  return <RunView key={run} run={run} search={Route.useSearch()} />;
}
