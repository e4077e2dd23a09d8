import { useMutation, useQueryClient } from "@tanstack/react-query";
import { OctagonX, RotateCw } from "lucide-react";
import { useState } from "react";
import { type Api, answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Dialog";
import { hasEnded } from "@/lib/states";
import { useMay } from "@/shell/session";
import { RerunDialog } from "./LazyRerunDialog";

interface Props {
  detail: Api<"RunDetail">;
  /** The step that is looked at. */
  selected: string | undefined;
}

/** What can be done with a run, by who may, where it stands. */
export function RunActions({ detail, selected }: Props) {
  const may = useMay("operator");
  if (!may) return null;
  return hasEnded(detail.run.state) ? (
    <RerunButton detail={detail} selected={selected} />
  ) : (
    <CancelButton detail={detail} />
  );
}

function CancelButton({ detail }: { detail: Api<"RunDetail"> }) {
  const cache = useQueryClient();
  const { id } = detail.run;
  // Once it is recorded, only the `finally` steps still run, and these too can be stopped.
  const force = detail.cancel_requested === true;
  const cancel = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/runs/{run}/cancel", { params: { path: { run: id }, query: { force } } })),
    // Also where it could not be cancelled: then it had ended.
    onSettled: () => cache.invalidateQueries({ queryKey: ["run", id], exact: true }),
  });
  return (
    <Confirm
      title={force ? "End this run without its finally steps?" : "Cancel this run?"}
      description={
        force
          ? "The run is being cancelled. Forcing it also stops its finally steps: what they would clean up stays as it is."
          : "Running steps are stopped, the others do not start. Results so far are kept: a rerun can reuse them."
      }
      action={force ? "Force" : "Cancel run"}
      danger
      onConfirm={() => cancel.mutateAsync().catch(() => undefined)}
    >
      {(open) => (
        <Button look="danger" icon={OctagonX} onClick={open} busy={cancel.isPending}>
          {force ? "Force cancel …" : "Cancel run"}
        </Button>
      )}
    </Confirm>
  );
}

function RerunButton({ detail, selected }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button icon={RotateCw} onClick={() => setAsking(true)}>
        Rerun …
      </Button>
      {asking && <RerunDialog detail={detail} step={selected} onClose={() => setAsking(false)} />}
    </>
  );
}
