import { useEffect } from "react";
import { isTyping } from "@/shell/shortcuts";
import { RUN_TABS } from "./search";
import { useOpenStep, useRunPlace } from "./useRunPlace";

/** The digits go to the parts of a run, Escape closes the step that is open. */
export function useRunKeys(step: string | undefined) {
  const go = useRunPlace();
  const open = useOpenStep();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      const tab = /^[1-9]$/.test(event.key) ? RUN_TABS[Number(event.key) - 1] : undefined;
      if (tab) go({ tab });
      else if (event.key === "Escape" && step !== undefined) open(undefined);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [go, open, step]);
}
