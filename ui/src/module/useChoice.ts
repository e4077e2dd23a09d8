import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { answer, api } from "@/api/client";
import { verdict } from "./uploads";

interface Choice {
  /** By digest: versions without a number have no other name. */
  version: string;
  force?: boolean;
}

/** Makes a module's name mean another version, or approves one. */
export function useChoice(name: string, route: "activate" | "approve") {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Choice) =>
      answer(api.POST(`/api/v1/modules/{name}/${route}`, { params: { path: { name } }, body })),
    meta: { quiet: true },
    onSuccess: (report) => {
      for (const key of ["modules", "pipelines"]) void cache.invalidateQueries({ queryKey: [key] });
      toast.success(verdict(report));
    },
  });
}
