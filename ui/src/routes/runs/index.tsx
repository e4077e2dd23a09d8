import { useInfiniteQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useCallback, useMemo } from "react";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Page } from "@/components/layout";
import { count } from "@/lib/units";
import { Filters } from "@/runs/Filters";
import { filterOf, type RunSearch, readSearch } from "@/runs/filter";
import { RunTable } from "@/runs/RunTable";

export const Route = createFileRoute("/runs/")({
  validateSearch: readSearch,
  component: Runs,
});

/** All runs, by what the address says. */
function Runs() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const filter = useMemo(() => filterOf(search, Date.now()), [search]);
  const { data, error, refetch, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(
    queries.runs(filter),
  );
  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const more = useCallback(() => {
    if (!isFetching) void fetchNextPage();
  }, [isFetching, fetchNextPage]);
  const filtered = Object.keys(search).length > 0;
  return (
    <Page title="Runs" fixed>
      <Filters search={search} onChange={(search: RunSearch) => void navigate({ search, replace: true })} />
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={10} />
      ) : runs.length === 0 && !hasNextPage ? (
        <Empty icon={Play} title={filtered ? "No run is like that" : "Nothing has run yet"}>
          {filtered
            ? "Take a filter away, or look at another time."
            : "Runs appear here when a trigger fires, or somebody starts one from a pipeline's page."}
        </Empty>
      ) : (
        <RunTable
          runs={runs}
          hasMore={hasNextPage}
          onMore={more}
          end={hasNextPage ? "Loading more …" : `${count(runs.length)} in all`}
        />
      )}
    </Page>
  );
}
