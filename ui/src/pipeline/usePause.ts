import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "@/api/client";

/** Lets the triggers of a pipeline start no runs, or again. */
export function usePause(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (pause: boolean) => {
      const at = { params: { path: { name } } };
      return answer<unknown>(
        pause
          ? api.POST("/api/v1/pipelines/{name}/pause", at)
          : api.POST("/api/v1/pipelines/{name}/resume", at),
      );
    },
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["pipelines"] }),
        cache.invalidateQueries({ queryKey: ["triggers"] }),
      ]),
  });
}
