/** What a pipeline does with a module. */

import type { Api } from "@/api/client";

export interface Use {
  step: string;
  /** The step of the module. */
  of: string;
  grants: string[];
}

/** The steps of a graph that are of a module. */
export function usesOf(module: string, graph: Api<"GraphView">): Use[] {
  return graph.nodes.flatMap(({ name, uses, grants }) => {
    const slash = uses.indexOf("/");
    // `weather@1.2/parse` holds on to a version.
    const [called] = uses.slice(0, slash).split("@", 1);
    return called === module ? [{ step: name, of: uses.slice(slash + 1), grants: grants ?? [] }] : [];
  });
}
