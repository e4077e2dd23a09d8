import { Link } from "@tanstack/react-router";
import type { Api } from "@/api/client";
import { CopyButton } from "@/components/CopyButton";
import { Code, Tag } from "@/components/layout";
import { RunBadge } from "@/components/StateBadge";
import { StepsBar } from "@/components/StepsBar";
import { Duration, Time } from "@/components/Time";
import { hasEnded } from "@/lib/states";
import { shortId } from "./attempts";

/** Beside the name of the pipeline: where the run stands. */
export function RunState({ detail }: { detail: Api<"RunDetail"> }) {
  const { run, cancel_requested = false } = detail;
  return (
    <>
      <RunBadge run={{ ...run, cancel_requested }} />
      {run.interruption && <Tag>continues when this is over: {run.interruption}</Tag>}
      {detail.damage && <Tag>shown only up to the damage: {detail.damage}</Tag>}
    </>
  );
}

/** Who it is, why it began, when and for how long. */
export function RunFacts({ detail }: { detail: Api<"RunDetail"> }) {
  const { run, rerun_of } = detail;
  return (
    <>
      <span className="-my-1 inline-flex min-w-0 items-center">
        <Code className="min-w-0 truncate break-normal!">{run.id}</Code>
        <CopyButton text={run.id} label="Copy the id of the run" />
      </span>
      <StepsBar steps={run.steps} />
      <span>
        {run.trigger ? (
          <>
            by trigger <span className="text-text">{run.trigger}</span>
          </>
        ) : rerun_of ? (
          <>
            rerun of{" "}
            <Link to="/runs/$run" params={{ run: rerun_of }} className="text-accent hover:underline">
              <Code>{shortId(rerun_of)}</Code>
            </Link>
          </>
        ) : (
          "started by hand"
        )}
      </span>
      {run.scheduled_for && (
        <span>
          due <Time at={run.scheduled_for} />
        </span>
      )}
      <span>
        started <Time at={run.created_at} />
      </span>
      <span>
        {hasEnded(run.state) ? "took " : "for "}
        <Duration ms={run.duration_ms} from={hasEnded(run.state) ? null : run.created_at} />
      </span>
      <span title={`The plan that the run follows: ${detail.plan}`}>
        plan <Code>{detail.plan.slice(0, 8)}</Code>
      </span>
    </>
  );
}
