/** Where in a run somebody is, and how they get elsewhere. */

import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { OF_A_STEP, type RunSearch, without } from "./search";

export type RunChange = { [Key in keyof RunSearch]?: RunSearch[Key] | undefined };

/** Changes what the address says; what is `undefined` goes. Going back leaves the run, not each thing looked at. */
export function useRunPlace(): (change: RunChange) => void {
  const navigate = useNavigate({ from: "/runs/$run" });
  return useCallback(
    (change) => {
      void navigate({
        search: (before) => without({ ...before, ...change }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
}

const NOTHING_OF_A_STEP: RunChange = Object.fromEntries(OF_A_STEP.map((key) => [key, undefined]));

/** Opens a step at a part of it, or closes the one that is open. */
export function useOpenStep(): (step: string | undefined, change?: RunChange) => void {
  const go = useRunPlace();
  return useCallback((step, change) => go({ ...NOTHING_OF_A_STEP, step, ...change }), [go]);
}
