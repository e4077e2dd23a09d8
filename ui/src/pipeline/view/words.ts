/** What a pipeline says about a step, in words. */

import type { Api } from "@/api/client";
import type { Signature } from "../signatures";

type Step = Api<"NodeView">;

const JOINS: Record<Api<"Join">, string> = {
  all_success: "All steps before it have succeeded.",
  all_done: "All steps before it have ended, however.",
  any_success: "Any step before it has succeeded.",
  none_failed: "No step before it has failed; some may have been skipped.",
};

export interface Condition {
  says: string;
  code?: string;
}

/** What must be so for a step to run. */
export function runsWhen(step: Step, graph: Api<"GraphView">): Condition[] {
  const conditions: Condition[] = [];
  const hasUpstreams = graph.edges.some(({ to, kind }) => to === step.name && kind !== "condition");
  if (step.finally) conditions.push({ says: "All other steps have ended, whatever became of them." });
  else if (hasUpstreams) conditions.push({ says: JOINS[step.join ?? "all_success"] });
  for (const taken of step.branches ?? []) {
    const dot = taken.indexOf(".");
    const [branch, name] = [taken.slice(0, dot), taken.slice(dot + 1)];
    const code = graph.branches
      ?.find((known) => known.name === branch)
      ?.cases.find((known) => known.name === name)?.condition;
    conditions.push({ says: `Branch ${branch} takes the case ${name}.`, ...(code ? { code } : {}) });
  }
  if (step.when) conditions.push({ says: "This is true:", code: step.when });
  return conditions.length > 0 ? conditions : [{ says: "The run begins." }];
}

/** `At most 3 attempts; 1.0 s, 2.0 s between them`. */
export function retryWords(retry: Api<"RetryView">, words: (milliseconds: number) => string): string {
  const { max_attempts, initial_ms, factor, max_ms, jitter } = retry;
  const first = words(initial_ms);
  const growth = factor > 1 ? `, then ${factor} times as long each time, at most ${words(max_ms)}` : "";
  return `It is tried at most ${max_attempts} times. The next attempt comes after ${first}${growth}${
    jitter ? "; waits are shortened at random" : ""
  }.`;
}

export interface Given {
  name: string;
  role: "input" | "config";
  input: Api<"InputView"> | undefined;
  parameter: Api<"ParameterView"> | undefined;
}

/** What a step takes, in the order of its module, with what it is given; without a module what it is given. */
export function givenTo(step: Step, signature: Signature | undefined): Given[] {
  const inputs = new Map(step.inputs?.map((input) => [input.name, input]));
  const known = (signature?.parameters ?? []).map((parameter): Given => {
    const input = inputs.get(parameter.name);
    inputs.delete(parameter.name);
    return {
      name: parameter.name,
      role: parameter.role,
      input,
      parameter,
    };
  });
  const rest = [...inputs.values()].map(
    (input): Given => ({
      name: input.name,
      // Where no module says it: a value that stands in the pipeline is most likely config.
      role: input.source === "literal" ? "config" : "input",
      input,
      parameter: undefined,
    }),
  );
  return [...known, ...rest];
}
