/** Where the values that a step was given are kept. */

import type { Api } from "@/api/client";
import type { OutputSource } from "@/values/source";

/** A stored value, and a path into it. */
export interface Place {
  source: OutputSource;
  path: string;
}

/** `parse.days[3]` as the step and the path into what it returned; `days[3]`. */
export function splitReference(reference: string): { name: string; path: string } {
  const end = reference.search(/[.[]/);
  return end < 0
    ? { name: reference, path: "" }
    : { name: reference.slice(0, end), path: reference.slice(end).replace(/^\./, "") };
}

/** Where an input is kept. Nothing, if it stands in the pipeline, or belongs to an item and none is chosen. */
export function placeOf(
  input: Pick<Api<"InputView">, "from" | "source">,
  node: Pick<Api<"NodeView">, "for_each">,
  run: string,
  item: number | undefined,
): Place | undefined {
  switch (input.source) {
    case "step": {
      const { name, path } = splitReference(input.from);
      return { source: { kind: "step", run, step: name }, path };
    }
    case "param": {
      const { path: rest } = splitReference(input.from);
      const { name, path } = splitReference(rest);
      return { source: { kind: "param", run, name }, path };
    }
    case "item": {
      if (!node.for_each || item === undefined) return undefined;
      const list = placeOf({ from: node.for_each, source: listSource(node.for_each) }, {}, run, undefined);
      if (!list) return undefined;
      const { path } = splitReference(input.from);
      const rest = path === "" || path.startsWith("[") ? path : `.${path}`;
      return { source: list.source, path: `${list.path}[${item}]${rest}` };
    }
    default:
      return undefined;
  }
}

/** What `for_each` goes through is written in the same words, without its sort. */
function listSource(from: string): Api<"InputSource"> {
  if (/^\s*\[/.test(from)) return "literal";
  return from.startsWith("params.") ? "param" : "step";
}
