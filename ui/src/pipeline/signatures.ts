/** What the modules say about the steps that a pipeline uses. */

import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { typeWords } from "@/lib/schema-words";

export type Signature = Api<"StepSignature">;

/** `weather/parse` as the module's name and that of its step. */
export function usedStep(uses: string): { module: string; step: string } {
  const slash = uses.indexOf("/");
  return slash < 0
    ? { module: "", step: uses }
    : { module: uses.slice(0, slash), step: uses.slice(slash + 1) };
}

/** The signature that a step of a graph has in the version that is executed. */
export function signatureOf(
  node: Api<"NodeView">,
  modules: readonly Api<"DeployedModule">[],
): Signature | undefined {
  const { module, step } = usedStep(node.uses);
  // A pipeline may call a module as it likes: the digest knows it.
  const versions = modules
    .filter(({ name }) => node.digest != null || name === module)
    .flatMap(({ versions }) => versions);
  const version = node.digest
    ? versions.find(({ digest }) => digest === node.digest)
    : versions.find(({ active }) => active);
  return version?.steps.find(({ name }) => name === step);
}

/** The signatures of a graph's steps by the names of the steps, as far as the modules are known here. */
export function useSignatures(graph: Api<"GraphView"> | undefined): ReadonlyMap<string, Signature> {
  const names = useMemo(
    () => [...new Set(graph?.nodes.map(({ uses }) => usedStep(uses).module))].filter(Boolean).sort(),
    [graph],
  );
  const modules = useQueries({
    queries: names.map((name) => queries.module(name)),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
  return useMemo(() => {
    const found = new Map<string, Signature>();
    for (const node of graph?.nodes ?? []) {
      const signature = signatureOf(node, modules);
      if (signature) found.set(node.name, signature);
    }
    return found;
  }, [graph, modules]);
}

/** What each step returns, in words, as the graph writes it on its lines. */
export function outputTypes(signatures: ReadonlyMap<string, Signature>): ReadonlyMap<string, string> {
  return new Map(
    [...signatures].map(([step, { output, output_schema }]) => [step, typeWords(output_schema, output)]),
  );
}
