/** What of a run is looked at: all of it stands in the address. */

import { oneIn, textIn } from "@/lib/address";
import { STEP_STATES, type StepState } from "@/lib/states";
import { type LogChoice, readLogChoice } from "@/logs/choice";
import { OUTPUT_VIEWS, type OutputView } from "@/values/views";
import { SORT_KEYS, type Sort } from "./steps";

export const RUN_TABS = ["graph", "timeline", "steps", "logs", "events", "params"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export const STEP_PARTS = ["about", "inputs", "items", "output", "logs"] as const;
export type StepPart = (typeof STEP_PARTS)[number];

export interface RunSearch extends LogChoice {
  tab?: RunTab;
  step?: string;
  part?: StepPart;
  /** Of a `for_each` step: the item that is looked at, from 0. */
  item?: number;
  /** Only what this attempt wrote to its log. */
  attempt?: number;
  /** How a value is looked at, and which part of it. */
  view?: OutputView;
  path?: string;
  /** The input of the step, or the parameter of the run, that is looked at. */
  value?: string;
  /** The column that the steps are sorted by, with `-` from the largest. */
  sort?: Sort;
  /** How the timeline is sorted; as the pipeline has the steps, where nothing is said. */
  order?: "start";
  /** Only steps in this state. */
  state?: StepState;
  /** Only steps or events that have this in them. */
  text?: string;
}

const SORTS: Sort[] = SORT_KEYS.flatMap((key): Sort[] => [key, `-${key}`]);

/** Takes what it understands of an address, and leaves the rest out. */
export function readRunSearch(search: Record<string, unknown>): RunSearch {
  const read: { [Key in keyof RunSearch]: RunSearch[Key] | undefined } = {
    ...readLogChoice(search),
    tab: oneIn(search.tab, RUN_TABS),
    step: textIn(search.step),
    part: oneIn(search.part, STEP_PARTS),
    item: numberIn(search.item, 0),
    attempt: numberIn(search.attempt, 1),
    view: oneIn(search.view, OUTPUT_VIEWS),
    path: pathIn(search.path),
    value: textIn(search.value),
    sort: oneIn(search.sort, SORTS),
    order: oneIn(search.order, ["start"] as const),
    state: oneIn(search.state, STEP_STATES),
    text: textIn(search.text),
  };
  return without(read);
}

/** What of an address belongs to one step: it goes when another is opened. */
export const OF_A_STEP = ["item", "attempt", "view", "path", "value", "line"] as const;

/** Leaves out what is `undefined`. */
export function without(search: { [Key in keyof RunSearch]: RunSearch[Key] | undefined }): RunSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}

function numberIn(value: unknown, least: number): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least ? value : undefined;
}

/** Paths into values may be longer than names. The empty one is all of a value, where a part of it was the beginning. */
function pathIn(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= 2_000 ? value : undefined;
}
