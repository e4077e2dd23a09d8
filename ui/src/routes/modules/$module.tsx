import { useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { ProblemError } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure } from "@/components/feedback";
import { oneIn, textIn } from "@/lib/address";
import { MODULE_TABS, type ModuleSearch, ModuleView } from "@/module/ModuleView";
import { NotFound } from "@/shell/NotFound";

export const Route = createFileRoute("/modules/$module")({
  validateSearch: ({ tab, version }: Record<string, unknown>): ModuleSearch => ({
    tab: oneIn(tab, MODULE_TABS),
    version: textIn(version),
  }),
  loader: ({ context, params }) => context.queries.ensureQueryData(queries.module(params.module)),
  component: Module,
  errorComponent: ({ error, reset }) =>
    error instanceof ProblemError && (error.status === 404 || error.status === 400) ? (
      <NotFound what="module" />
    ) : (
      <Failure error={error} retry={reset} />
    ),
});

function Module() {
  const module = useSuspenseQuery(queries.module(Route.useParams().module)).data;
  return <ModuleView key={module.name} module={module} search={Route.useSearch()} />;
}
