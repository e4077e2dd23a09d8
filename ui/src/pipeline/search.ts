/** What the address of a pipeline says. */

import { oneIn, textIn } from "@/lib/address";
import { GRID_SIZES, type GridSize } from "./grid";

export const TABS = ["graph", "grid", "durations", "runs", "triggers", "definition", "revisions"] as const;
export type PipelineTab = (typeof TABS)[number];

export interface PipelineSearch {
  tab?: PipelineTab;
  /** The step that is looked at in the graph. */
  step?: string;
  /** Whether the form of a new run is open. */
  start?: true;
  /** How many runs the grid shows. */
  last?: GridSize;
  /** The trigger whose details are open. */
  trigger?: string;
  /** The revision that is looked at, and the one it is compared with. */
  revision?: number;
  against?: number;
}

export function readPipelineSearch(search: Record<string, unknown>): PipelineSearch {
  const tab = oneIn(search.tab, TABS);
  const step = textIn(search.step);
  const trigger = textIn(search.trigger);
  const last = GRID_SIZES.find((size) => size === search.last);
  const revision = numberIn(search.revision);
  const against = numberIn(search.against);
  return {
    ...(tab ? { tab } : {}),
    ...(step ? { step } : {}),
    ...(search.start === true ? { start: true } : {}),
    ...(last ? { last } : {}),
    ...(trigger ? { trigger } : {}),
    ...(revision === undefined ? {} : { revision }),
    ...(against === undefined ? {} : { against }),
  };
}

/** A revision's number. */
function numberIn(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
