import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useCallback, useMemo } from "react";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { count } from "@/lib/units";
import { RunTable } from "@/runs/RunTable";

/** The runs of a pipeline; what else they can be filtered by is in the list of all runs. */
export function PipelineRuns({ name }: { name: string }) {
  const filter = useMemo(() => ({ pipeline: name }), [name]);
  const { data, error, refetch, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(
    queries.runs(filter),
  );
  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const more = useCallback(() => {
    if (!isFetching) void fetchNextPage();
  }, [isFetching, fetchNextPage]);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={8} />;
  if (runs.length === 0 && !hasNextPage) {
    return (
      <Empty icon={Play} title="It has not run yet">
        Runs appear here when one of its triggers fires, or somebody starts one.
      </Empty>
    );
  }
  return (
    <>
      <p className="pb-2 text-right">
        <Link to="/runs" search={{ pipeline: name }} className="text-accent hover:underline">
          Filter these runs
        </Link>
      </p>
      <RunTable
        runs={runs}
        hasMore={hasNextPage}
        onMore={more}
        end={hasNextPage ? "Loading more …" : `${count(runs.length)} in all`}
      />
    </>
  );
}
