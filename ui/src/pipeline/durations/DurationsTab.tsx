import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Panel } from "@/components/layout";
import { hasEnded } from "@/lib/states";
import { plural } from "@/lib/units";
import { countWords, summarise } from "../summary";
import { DurationChart } from "./DurationChart";

/** How many runs it goes back. */
const RUNS = 100;

export default function DurationsTab({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(queries.latestRuns({ pipeline: name }, RUNS));
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const ended = data.runs.filter((run) => hasEnded(run.state));
  if (ended.length === 0) {
    return (
      <Empty icon={ChartColumn} title="No run has ended yet">
        How long each run took is shown here.
      </Empty>
    );
  }
  return (
    <Panel
      title="How long runs took"
      actions={
        <span className="truncate text-xs text-muted">
          the latest {plural(ended.length, "run")}: {countWords(summarise(ended).counts)}
        </span>
      }
    >
      <DurationChart runs={data.runs} name={name} />
    </Panel>
  );
}
