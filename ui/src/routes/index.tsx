import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Page } from "@/components/layout";
import { ActiveRuns } from "@/home/ActiveRuns";
import { FailedRuns } from "@/home/FailedRuns";
import { Health } from "@/home/Health";
import { NextFires } from "@/home/NextFires";
import { Welcome } from "@/home/Welcome";

export const Route = createFileRoute("/")({
  loader: async ({ context }) => {
    if (context.queries.getQueryData(queries.session().queryKey)) {
      await context.queries.ensureQueryData(queries.pipelines());
    }
  },
  component: Home,
});

/** What somebody wants to know who comes back: what runs, what failed and why, what comes next, how the host is. */
function Home() {
  const { pipelines } = useSuspenseQuery(queries.pipelines()).data;
  const history = useQuery(queries.history()).data;
  const isNew = pipelines.length === 0 && history?.pipelines.length === 0;
  return (
    <Page title={isNew ? "Welcome to stepmill" : "Home"}>
      {isNew ? (
        <Welcome />
      ) : (
        <div className="grid gap-4 lg:grid-cols-[minmax(0,1.7fr)_minmax(0,1fr)]">
          <div className="flex min-w-0 flex-col gap-4">
            <ActiveRuns />
            <FailedRuns />
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <Health pipelines={pipelines} />
            <NextFires />
          </div>
        </div>
      )}
    </Page>
  );
}
