import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { EllipsisVertical, Pause, Play, Trash2 } from "lucide-react";
import { toast } from "sonner";
import { type Api, answer, api } from "@/api/client";
import { Button, IconButton } from "@/components/Button";
import { Confirm } from "@/components/Dialog";
import { Menu, MenuItem } from "@/components/Menu";
import { useMay } from "@/shell/session";
import { usePause } from "../usePause";
import { useChangeSearch } from "./useChangeSearch";

interface Props {
  pipeline: Api<"DeployedPipeline">;
  hasTriggers: boolean;
}

/** What can be done with a pipeline, by who may. */
export function PipelineActions({ pipeline, hasTriggers }: Props) {
  const mayOperate = useMay("operator");
  const mayPublish = useMay("publisher");
  const change = useChangeSearch();
  return (
    <>
      {mayOperate && (hasTriggers || pipeline.paused) && <PauseButton pipeline={pipeline} />}
      {mayOperate && (
        <Button look="primary" icon={Play} onClick={() => change({ start: true })}>
          Run now
        </Button>
      )}
      {mayPublish && <MoreMenu name={pipeline.name} />}
    </>
  );
}

function PauseButton({ pipeline: { name, paused } }: { pipeline: Api<"DeployedPipeline"> }) {
  const change = usePause(name);
  return (
    <Button
      icon={paused ? Play : Pause}
      busy={change.isPending}
      title={paused ? "Its triggers start runs again" : "Its triggers start no runs until it is resumed"}
      onClick={() => change.mutate(!paused)}
    >
      {paused ? "Resume" : "Pause"}
    </Button>
  );
}

function MoreMenu({ name }: { name: string }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/pipelines/{name}", { params: { path: { name } } })),
    onSuccess: async () => {
      await navigate({ to: "/pipelines" });
      cache.removeQueries({ queryKey: ["pipelines", name] });
      void cache.invalidateQueries({ queryKey: ["pipelines"], exact: true });
      void cache.invalidateQueries({ queryKey: ["triggers"] });
      toast.success(`Pipeline ${name} was removed`);
    },
  });
  return (
    <Confirm
      title={`Remove ${name}?`}
      description="Its triggers start no more runs, and nobody can start one. The runs there were are kept."
      action="Remove pipeline"
      danger
      onConfirm={() => remove.mutateAsync().catch(() => undefined)}
    >
      {(open) => (
        <Menu trigger={<IconButton label="More" icon={EllipsisVertical} />}>
          <MenuItem icon={Trash2} onSelect={open}>
            Remove pipeline …
          </MenuItem>
        </Menu>
      )}
    </Confirm>
  );
}
