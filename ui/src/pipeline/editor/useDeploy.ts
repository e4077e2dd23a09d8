import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answer, api } from "@/api/client";

/** Deploys a text. What is wrong with it is shown where it is written, not in passing. */
export function useDeploy() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Api<"DeployBody">) => answer(api.POST("/api/v1/pipelines", { body })),
    meta: { quiet: true },
    onSuccess: () => afterDeploy(cache),
  });
}

/** Everything that a deployed text decides is asked for again. */
export function afterDeploy(cache: ReturnType<typeof useQueryClient>) {
  return Promise.all(
    ["pipelines", "triggers", "modules"].map((key) => cache.invalidateQueries({ queryKey: [key] })),
  );
}
