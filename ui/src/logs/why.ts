/** Why a log is empty. */

import type { Api } from "@/api/client";
import type { LogSource } from "./follow";

export interface Why {
  title: string;
  text: string;
}

const NOTHING = "Nothing was logged";
const HOW = "A step writes to its log with the context that it is given, or to its standard output.";

export function whyNothing(
  detail: Api<"RunDetail"> | undefined,
  { step: name, item }: LogSource,
  live: boolean,
): Why {
  const step = detail?.steps.find((step) => step.name === name);
  if (step && step.attempts.length === 0 && !step.items) return notBegun(step);
  if (live && (!step || step.state === "running" || step.state === "waiting")) {
    return { title: `${NOTHING} so far`, text: "Lines show here as soon as a step writes them." };
  }
  if (step && item === undefined && step.attempts.length > 0 && step.attempts.every(({ reused }) => reused)) {
    return { title: NOTHING, text: "Nothing ran: the result of an earlier attempt was taken." };
  }
  return { title: NOTHING, text: HOW };
}

function notBegun({ state, carried_from }: Api<"StepView">): Why {
  if (carried_from) {
    return {
      title: NOTHING,
      text: "The step did not run: its result was taken over from the run that this one repeats.",
    };
  }
  switch (state) {
    case "skipped":
      return { title: NOTHING, text: "The step was skipped." };
    case "cancelled":
      return { title: NOTHING, text: "The run ended before the step began." };
    case "waiting":
      return { title: "The step has not begun", text: "Lines show here as soon as it writes them." };
    default:
      return { title: NOTHING, text: HOW };
  }
}
