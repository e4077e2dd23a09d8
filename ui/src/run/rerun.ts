/** How a run can be repeated. */

import type { Api } from "@/api/client";
import { jsonMistake } from "@/pipeline/start/json";

export const RERUN_KINDS = ["whole", "failed", "from"] as const;
export type RerunKind = (typeof RERUN_KINDS)[number];

/** How many steps `failed` repeats: those that failed, and those that did not run because of it. */
export function unsuccessful({ run: { steps } }: Pick<Api<"RunDetail">, "run">): number {
  return steps.failed + steps.cancelled;
}

/** What is asked first: what failed is what somebody wants to repair. */
export function firstKind(detail: Pick<Api<"RunDetail">, "run">): RerunKind {
  return unsuccessful(detail) > 0 ? "failed" : "whole";
}

/** The parameters that were changed, as JSON by name; and what is wrong with them. */
export interface Changed {
  params: ReadonlyMap<string, string>;
  mistakes: ReadonlyMap<string, string>;
}

/** What was typed that is not what the run had been given. */
export function changedParams(
  typed: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): Changed {
  const params = new Map<string, string>();
  const mistakes = new Map<string, string>();
  for (const [name, text] of Object.entries(typed)) {
    if (text === given[name]) continue;
    const mistake = jsonMistake(text);
    if (mistake)
      mistakes.set(name, `Not JSON: ${mistake.message} (line ${mistake.line}, column ${mistake.column})`);
    else params.set(name, text);
  }
  return { params, mistakes };
}

/** The body of the request. Values are put in as they were typed: numbers may be larger than those of the browser. */
export function rerunBody(
  kind: RerunKind,
  from: string | undefined,
  params: ReadonlyMap<string, string>,
  cache: boolean,
): string {
  const given = [...params].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",");
  const steps = kind === "from" && from !== undefined ? [from] : [];
  return `{"failed":${kind === "failed"},"from":${JSON.stringify(steps)},"params":{${given}},"cache":${cache}}`;
}
