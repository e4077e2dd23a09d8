import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { type Api, answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Dialog";

/** Takes the name of a module away. The host refuses it while pipelines use it. */
export function RemoveModule({ module: { name, used_by } }: { module: Api<"DeployedModule"> }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/modules/{name}", { params: { path: { name } } })),
    onSuccess: async () => {
      await navigate({ to: "/modules" });
      await cache.invalidateQueries({ queryKey: ["modules"] });
    },
  });
  return (
    <Confirm
      title={`Remove ${name}?`}
      description={
        used_by.length > 0
          ? `It is used by ${used_by.slice(0, 10).join(", ")}: remove or change these first.`
          : "Its name means nothing from then on. Its versions stay: runs that had them can be looked at and repeated."
      }
      action="Remove module"
      danger
      onConfirm={() => remove.mutateAsync()}
    >
      {(open) => (
        <Button icon={Trash2} look="danger" onClick={open}>
          Remove
        </Button>
      )}
    </Confirm>
  );
}
