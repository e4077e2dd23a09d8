import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";
import { Switch } from "@/components/form";
import { Tag } from "@/components/layout";
import { useMay } from "@/shell/session";

/** Whether a trigger starts runs. It does not while its pipeline is paused, whatever it says itself. */
export function PauseSwitch({
  trigger: { pipeline, name, paused, problem },
}: {
  trigger: Api<"TriggerView">;
}) {
  const cache = useQueryClient();
  const mayOperate = useMay("operator");
  const pipelines = useQuery(queries.pipelines()).data?.pipelines ?? [];
  const all = pipelines.some((other) => other.name === pipeline && other.paused);
  const change = useMutation({
    mutationFn: (pause: boolean) => {
      const at = { params: { path: { name: pipeline, trigger: name } } };
      return answer<unknown>(
        pause
          ? api.POST("/api/v1/pipelines/{name}/triggers/{trigger}/pause", at)
          : api.POST("/api/v1/pipelines/{name}/triggers/{trigger}/resume", at),
      );
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["triggers"] }),
  });
  if (problem) return <Tag title={problem.slice(0, 500)}>off: the pipeline cannot run</Tag>;
  if (all) return <Tag title="Resume the pipeline, and its triggers go on">pipeline paused</Tag>;
  if (!mayOperate) return <Tag>{paused ? "paused" : "on"}</Tag>;
  const on = change.isPending ? !change.variables : !paused;
  return (
    <span className="flex items-center gap-2">
      <Switch
        checked={on}
        onChange={(checked) => change.mutate(!checked)}
        disabled={change.isPending}
        label={`${on ? "Pause" : "Resume"} ${name} of ${pipeline}`}
      />
      <span className="text-xs text-muted" aria-hidden>
        {on ? "on" : "paused"}
      </span>
    </span>
  );
}
