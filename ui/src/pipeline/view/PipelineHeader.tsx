import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Pause } from "lucide-react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { RunBadge } from "@/components/StateBadge";
import { Duration, Time } from "@/components/Time";
import { plural } from "@/lib/units";
import { RunBars } from "../RunBars";
import { rateWords, summarise } from "../summary";

type Pipeline = Api<"DeployedPipeline">;

export function PipelineBeside({ pipeline }: { pipeline: Pipeline }) {
  const errors = pipeline.problems?.filter(({ severity }) => severity === "error").length ?? 0;
  return (
    <>
      <span className="text-xs text-muted">
        revision {pipeline.revision}, deployed <Time at={pipeline.deployed_at} /> by{" "}
        {pipeline.deployed_by.slice(0, 60)}
      </span>
      {pipeline.paused && (
        <span className="inline-flex h-5.5 items-center gap-1 rounded-full bg-cancelled-soft px-2 text-xs font-medium text-cancelled">
          <Pause size={13} aria-hidden />
          paused
        </span>
      )}
      {errors > 0 && (
        <Link
          to="."
          search={{ tab: "definition" }}
          className="inline-flex h-5.5 items-center gap-1 rounded-full bg-failed-soft px-2 text-xs font-medium text-failed hover:underline"
        >
          <CircleAlert size={13} aria-hidden />
          cannot run: {plural(errors, "problem")}
        </Link>
      )}
    </>
  );
}

/** How it does, in a line. */
export function PipelineFacts({ pipeline }: { pipeline: Pipeline }) {
  const history = useQuery(queries.history()).data?.pipelines;
  const ran = history?.find(({ name }) => name === pipeline.name);
  const summary = summarise(ran?.recent ?? []);
  return (
    <>
      {pipeline.description && (
        <span className="line-clamp-2 w-full break-words" title={pipeline.description.slice(0, 1_000)}>
          {pipeline.description.slice(0, 400)}
        </span>
      )}
      {ran && (
        <>
          <RunBars runs={ran.recent ?? []} tight />
          <span className="flex items-center gap-1.5">
            <RunBadge run={ran.latest} />
            <Time at={ran.latest.created_at} />
          </span>
          {summary.judged > 0 && <span>{rateWords(summary)} succeeded</span>}
          {summary.typical !== undefined && (
            <span>
              typically <Duration ms={summary.typical} />
            </span>
          )}
        </>
      )}
    </>
  );
}
