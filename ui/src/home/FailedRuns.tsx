import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Code, Panel, Tag } from "@/components/layout";
import { StateIcon } from "@/components/StateBadge";
import { Time } from "@/components/Time";
import { failing, firstFailure } from "./summary";

/** So many failed runs are looked through for pipelines that fail. */
const LATEST = 100;
const SHOWN = 8;

/** The pipelines that failed lately, each with its reason: one need not open the run to know. */
export function FailedRuns() {
  const { data, error, refetch } = useQuery(queries.latestRuns({ state: "failed" }, LATEST));
  const failed = data ? failing(data.runs, SHOWN) : [];
  const details = useQueries({ queries: failed.map(({ run }) => queries.run(run.id)) });
  return (
    <Panel
      title="Failed lately"
      actions={
        <Link to="/runs" search={{ state: "failed" }} className="text-xs text-accent hover:underline">
          All failed runs
        </Link>
      }
    >
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={5} />
      ) : failed.length === 0 ? (
        <Empty icon={CircleCheck} title="Nothing failed" />
      ) : (
        <ul>
          {failed.map(({ run, times }, index) => (
            <FailedRun key={run.pipeline} run={run} times={times} detail={details[index]?.data} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface Props {
  run: Api<"RunSummary">;
  times: number;
  detail: Api<"RunDetail"> | undefined;
}

function FailedRun({ run, times, detail }: Props) {
  const failure = detail && firstFailure(detail);
  return (
    <li className="relative border-b px-4 py-2.5 last:border-b-0 hover:bg-hover">
      <div className="flex items-center gap-2">
        <StateIcon state="failed" label />
        <Link
          to="/runs/$run"
          params={{ run: run.id }}
          search={failure ? { step: failure.step } : {}}
          className="min-w-0 truncate font-medium after:absolute after:inset-0"
        >
          {run.pipeline}
        </Link>
        {failure && <Code className="truncate text-muted">{failure.step}</Code>}
        {times > 1 && <Tag>{times < LATEST ? times : `${LATEST} or more`} times</Tag>}
        <span className="ml-auto text-xs text-muted">
          <Time at={run.finished_at ?? run.created_at} />
        </span>
      </div>
      <p className="mt-0.5 line-clamp-2 pl-6 break-words text-muted">
        {failure?.message ?? (detail ? "No step says why; its events do." : "…")}
      </p>
    </li>
  );
}
