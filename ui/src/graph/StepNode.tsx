import type { Node, NodeProps } from "@xyflow/react";
import clsx from "clsx";
import { GitBranch, KeyRound, Layers, Recycle, RotateCw, Workflow } from "lucide-react";
import { memo } from "react";
import type { Api } from "@/api/client";
import { StateIcon } from "@/components/StateBadge";
import { colour, softColour } from "@/lib/states";
import { NODE_HEIGHT, NODE_WIDTH } from "./ranks";
import type { StepStatus } from "./status";

export type StepNodeType = Node<
  { step: Api<"NodeView">; status?: StepStatus; chosen: boolean; found: boolean },
  "step"
>;

/** A step: its name and state, and signs for what is not ordinary about it. */
export const StepNode = memo(({ data: { step, status, chosen, found } }: NodeProps<StepNodeType>) => {
  const state = status?.state;
  return (
    <div
      className={clsx(
        "relative flex flex-col justify-center gap-0.5 overflow-hidden rounded-lg border bg-surface pr-2 pl-3 text-left",
        chosen ? "border-accent ring-2 ring-accent" : found ? "border-accent" : "border-line-strong",
        (state === "skipped" || state === "waiting") && "border-dashed",
      )}
      style={{
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
        ...(state === "running" ? { background: softColour(state) } : {}),
      }}
      title={status?.why ?? step.name}
    >
      <span
        className="absolute inset-y-0 left-0 w-1"
        style={{ background: state ? colour(state) : "var(--line-strong)" }}
      />
      <span className="flex items-center gap-1.5">
        {state ? (
          <StateIcon state={state} label />
        ) : (
          <Workflow size={14} className="shrink-0 text-faint" aria-hidden />
        )}
        <span className="min-w-0 flex-1 truncate font-medium">{step.name}</span>
        <Signs step={step} cached={status?.cached ?? false} />
      </span>
      <span className="flex items-center gap-1.5 text-xs text-muted">
        <span className="min-w-0 flex-1 truncate">{detail(step, status)}</span>
      </span>
      {status?.items && <Items items={status.items} />}
    </div>
  );
});

function detail(step: Api<"NodeView">, status: StepStatus | undefined): string {
  if (!status) return step.uses;
  return status.detail ?? status.state;
}

function Signs({ step, cached }: { step: Api<"NodeView">; cached: boolean }) {
  const conditional = Boolean(step.when) || (step.branches?.length ?? 0) > 0;
  const sign = "shrink-0 text-faint";
  return (
    <>
      {conditional && <GitBranch size={13} className={sign} aria-label="has a condition" />}
      {step.for_each && <Layers size={13} className={sign} aria-label="runs once for each item" />}
      {step.retry && <RotateCw size={13} className={sign} aria-label="is retried" />}
      {(step.grants?.length ?? 0) > 0 && <KeyRound size={13} className={sign} aria-label="has grants" />}
      {cached && <Recycle size={13} className="shrink-0 text-succeeded" aria-label="from the cache" />}
    </>
  );
}

/** How far the items are, as a bar at the lower edge. */
function Items({
  items: { total, succeeded, failed, running },
}: {
  items: NonNullable<StepStatus["items"]>;
}) {
  const part = (count: number) => `${total > 0 ? (count / total) * 100 : 0}%`;
  return (
    <span className="absolute inset-x-0 bottom-0 flex h-1 bg-sunken" aria-hidden>
      <span style={{ width: part(succeeded), background: "var(--succeeded)" }} />
      <span style={{ width: part(failed), background: "var(--failed)" }} />
      <span style={{ width: part(running), background: "var(--running)" }} />
    </span>
  );
}
