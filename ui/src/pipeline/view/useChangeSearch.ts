import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { PipelineSearch } from "../search";

type Change = { [Key in keyof PipelineSearch]?: PipelineSearch[Key] | undefined };

/** Changes the address of a pipeline; what is set to `undefined` is left out of it. */
export function useChangeSearch(): (change: Change) => void {
  const navigate = useNavigate({ from: "/pipelines/$pipeline" });
  return useCallback(
    (change) => {
      void navigate({
        search: (before) =>
          Object.fromEntries(
            Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined),
          ),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
}
