/** Failures in words: of what sort they are, and what to do next. */

import type { Api } from "@/api/client";

type Kind = Api<"FailureKind">;
type Limit = Api<"LimitKind">;

const LIMITS: Record<Limit, [limit: string, advice: string]> = {
  wall: ["time limit reached", "Raise `timeout` of the step, or give it less to do."],
  cpu: ["processor limit reached", "Raise `limits.cpu` of the step, or give it less to do."],
  memory: ["memory limit reached", "Raise `limits.memory` of the step, or pass large data as rows."],
  output: [
    "output limit reached",
    "Raise `limits.output` of the step, or return large data as rows or files.",
  ],
  storage: ["storage limit reached", "Raise `limits.storage` of the step, or write less."],
  files: ["too many files", "Let the step write fewer files."],
  handles: ["too many handles", "Let the step close what it opens."],
  host_call: ["call too large", "Let the step hand over less at once: as rows, or in a file."],
  random: ["too much randomness at once", "Let the step ask for less at a time."],
  instances: ["too many instances", "Build the module with fewer memories and tables."],
};

const KINDS: Record<Extract<Kind, string>, [kind: string, advice: string]> = {
  failed: ["failed", "See its log and inputs; when the cause is gone, rerun what failed."],
  permanent: [
    "failed for good",
    "Trying again as it is cannot help: mend its inputs or its parameters, then rerun.",
  ],
  invalid_input: [
    "wrong input",
    "Compare the input with the type that the step wants; mend the step above, or the parameter.",
  ],
  invalid_output: ["wrong output", "Mend the module: what the step returned cannot be stored."],
  panicked: [
    "panicked",
    "See the last lines of its log; mend the module and deploy it, then rerun what failed.",
  ],
  trapped: ["trapped", "Mend the module, or use a version of it that worked."],
  stack_overflow: ["stack overflow", "Mend the module: it calls itself too deeply."],
  bad_module: ["module cannot be loaded", "Deploy the module again, or use a version of it that worked."],
  damaged_input: ["damaged input", "Rerun from the step above, so that its output is stored anew."],
  host: ["the host failed", "See the log of the host; then rerun what failed."],
  cancelled: ["cancelled", "Rerun what did not succeed, when it may run."],
  condition: [
    "condition cannot be evaluated",
    "Compare the expression with what it reads; mend the pipeline.",
  ],
  bad_items: ["no items", "`for_each` needs a list: look at the output that it reads."],
  items_failed: ["items failed", "Look at the items that failed; rerunning what failed repeats those alone."],
};

/** Of what sort it is. */
export function kindWords(kind: Kind): string {
  if (typeof kind === "string") return KINDS[kind][0];
  return "retry_after" in kind ? "failed, asked for a pause" : LIMITS[kind.limit_reached][0];
}

/** What to do next. */
export function advice(kind: Kind): string {
  if (typeof kind === "string") return KINDS[kind][1];
  return "retry_after" in kind ? KINDS.failed[1] : LIMITS[kind.limit_reached][1];
}
