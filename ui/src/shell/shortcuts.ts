/** Keys that work in every view. Views add their own, and list them in {@link SHORTCUTS}. */

import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { ADMIN_VIEWS, VIEWS } from "./navigation";

/** What the help sheet lists, by where it works. */
export const SHORTCUTS: { where: string; keys: [keys: string, does: string][] }[] = [
  {
    where: "Everywhere",
    keys: [
      ["Ctrl K", "Search and commands"],
      ["?", "This sheet"],
      ...[...VIEWS, ...ADMIN_VIEWS].map((view): [string, string] => [`g ${view.key}`, view.label]),
      ["Esc", "Close what is open"],
    ],
  },
  {
    where: "Lists",
    keys: [
      ["/", "Search the list"],
      ["j, k", "Next, previous row"],
      ["Enter", "Open the row"],
    ],
  },
  {
    where: "Pipelines",
    keys: [
      ["Arrow keys", "From cell to cell of the grid, from bar to bar of the durations"],
      ["Enter", "Open the run there"],
      ["Ctrl S", "Deploy the text that is edited"],
      ["Ctrl F", "Find in the text"],
    ],
  },
  {
    where: "Graph of steps",
    keys: [
      ["Arrow keys", "To the step above, below, beside"],
      ["Enter", "Open the step"],
      ["+, −", "Zoom in, zoom out"],
      ["0", "Show all of it"],
      ["/", "Find a step"],
    ],
  },
  {
    where: "Run",
    keys: [
      ["1 to 6", "Graph, timeline, steps, logs, events, parameters"],
      ["Arrow keys", "In the timeline: from step to step, and along it"],
      ["+, −, 0", "In the timeline: closer, further, all of it"],
      ["Esc", "Close the step"],
    ],
  },
];

/** How long the second key of a pair may take. */
const PAIR_MS = 1_200;

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

export function useShortcuts(show: (what: "palette" | "help") => void) {
  const navigate = useNavigate();
  useEffect(() => {
    let pressedG = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "k") {
        event.preventDefault();
        show("palette");
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") {
        show("help");
      } else if (event.key === "g") {
        pressedG = event.timeStamp;
      } else if (pressedG > 0 && event.timeStamp - pressedG < PAIR_MS) {
        pressedG = 0;
        const view = [...VIEWS, ...ADMIN_VIEWS].find((view) => view.key === event.key);
        if (view) void navigate({ to: view.to });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, show]);
}
