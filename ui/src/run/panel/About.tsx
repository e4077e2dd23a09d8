import { StepForward } from "lucide-react";
import { useState } from "react";
import type { Api } from "@/api/client";
import { Button } from "@/components/Button";
import { Fact } from "@/components/layout";
import { Time } from "@/components/Time";
import { hasEnded } from "@/lib/states";
import { duration } from "@/lib/time";
import { bytes, count } from "@/lib/units";
import { useMay } from "@/shell/session";
import { RerunDialog } from "../LazyRerunDialog";
import { StepDuration } from "../StepDuration";
import { progressWords } from "../status";
import { failureOf, isReused, type Step, startOf, usageOf } from "../steps";
import { Attempts } from "./Attempts";
import { Cache } from "./Cache";
import { Definition } from "./Definition";
import { FailureBox } from "./FailureBox";
import { Part } from "./parts";
import type { StepProps } from "./StepPanel";
import { Why } from "./Why";

interface Props extends StepProps {
  node: Api<"NodeView"> | undefined;
}

/** Where the step stands and why, what it used, and what the pipeline says of it. */
export function About({ detail, graph, step, node, progress }: Props) {
  const failure = step.state === "succeeded" ? undefined : failureOf(step);
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-4 py-3">
      <Why step={step} />
      {failure && <FailureBox failure={failure} again={!hasEnded(step.state)} />}
      {progress && step.state === "running" && (
        <Part title="Progress">
          <p>{progressWords(progress)}</p>
          {progress.total ? (
            <progress
              className="mt-1 h-1.5 w-full accent-running"
              max={progress.total}
              value={progress.done}
              aria-label="Progress"
            />
          ) : null}
        </Part>
      )}
      <Facts step={step} />
      {!step.items && step.attempts.length > 0 && <Attempts step={step} />}
      <Cache step={step} />
      {node && <Definition node={node} graph={graph} />}
      <RerunFrom detail={detail} step={step} />
    </div>
  );
}

function Facts({ step }: { step: Step }) {
  const usage = usageOf(step);
  const from = startOf(step);
  if (from === undefined) return null;
  return (
    <dl className="tabular">
      <Fact name="Began">
        <Time at={new Date(from).toISOString()} />
      </Fact>
      <Fact name={hasEnded(step.state) ? "Took" : "Takes"}>
        <StepDuration step={step} />
      </Fact>
      {usage && !isReused(step) && (
        <>
          <Fact name={step.items ? "Computed" : "Ran"}>
            {duration(usage.wall_us / 1_000)}
            {step.items && <span className="text-muted"> in all attempts together</span>}
          </Fact>
          <Fact name="Processor">{duration(usage.cpu_us / 1_000)}</Fact>
          <Fact name="Memory">{bytes(usage.memory_bytes)} at most</Fact>
          <Fact name="Log">
            {count(usage.log_lines)} {usage.log_lines === 1 ? "line" : "lines"}
            {usage.log_lines_dropped > 0 && (
              <span className="text-failed">, {count(usage.log_lines_dropped)} dropped</span>
            )}
          </Fact>
        </>
      )}
    </dl>
  );
}

function RerunFrom({ detail, step }: { detail: Api<"RunDetail">; step: Step }) {
  const may = useMay("operator");
  const [asking, setAsking] = useState(false);
  if (!may || !hasEnded(detail.run.state)) return null;
  return (
    <div>
      <Button icon={StepForward} onClick={() => setAsking(true)}>
        Rerun from here …
      </Button>
      {asking && (
        <RerunDialog detail={detail} first="from" step={step.name} onClose={() => setAsking(false)} />
      )}
    </div>
  );
}
