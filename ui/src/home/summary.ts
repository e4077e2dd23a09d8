/** What home tells, from what the host answers. */

import type { Api } from "@/api/client";
import { failureOf } from "@/run/steps";

export interface Fire {
  pipeline: string;
  trigger: string;
  kind: string;
  at: string;
}

/** When each trigger starts its next run, the soonest first: a busy one does not hide the others. */
export function nextFires(triggers: Api<"TriggerView">[], now: number, most: number): Fire[] {
  return triggers
    .flatMap(({ pipeline, name, kind, paused, next }) => {
      const at = paused ? undefined : next?.find((time) => Date.parse(time) > now);
      return at ? [{ pipeline, trigger: name, kind, at }] : [];
    })
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .slice(0, most);
}

export interface Failing {
  /** The latest of them. */
  run: Api<"RunSummary">;
  times: number;
}

/** Failed runs, the newest first, as one for each pipeline: what fails again and again does not hide the others. */
export function failing(runs: Api<"RunSummary">[], most: number): Failing[] {
  const pipelines = new Map<string, Failing>();
  for (const run of runs) {
    const known = pipelines.get(run.pipeline);
    if (known) known.times += 1;
    else pipelines.set(run.pipeline, { run, times: 1 });
  }
  return [...pipelines.values()].slice(0, most);
}

/** The step that made a run fail, and what it said. */
export function firstFailure(run: Api<"RunDetail">): { step: string; message: string } | undefined {
  for (const step of run.steps) {
    if (step.state !== "failed") continue;
    const message = failureOf(step)?.message;
    if (message) return { step: step.name, message };
  }
  return undefined;
}

/** Pipelines that cannot run as they are. */
export function broken(pipelines: Api<"DeployedPipeline">[]): Api<"DeployedPipeline">[] {
  return pipelines.filter(({ problems }) => problems?.some(({ severity }) => severity === "error"));
}
