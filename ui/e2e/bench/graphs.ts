/** Graphs of a thousand steps, of the three shapes that pipelines have. */

import { stepName } from "../harness/pipelines";

export const STEPS = 1_000;
/** Edges of the layered graph: many steps need one step before them, some need more. */
const EDGES = 1_500;
const LAYER = 25;

export const SHAPES = {
  chain: pipeline("chain", (index) => (index > 0 ? [index - 1] : [])),
  fan: pipeline("fan", (index) => {
    if (index === 0) return [];
    return index < STEPS - 1 ? [0] : Array.from({ length: STEPS - 2 }, (_, at) => at + 1);
  }),
  layered: pipeline("layered", layered()),
} as const;

export type Shape = keyof typeof SHAPES;

/** A text in which each step is quick, and needs the steps that `before` tells. */
function pipeline(name: string, before: (index: number) => number[]): string {
  const lines = [`name = "${name}"`, `description = "${STEPS} steps"`];
  for (let index = 0; index < STEPS; index += 1) {
    lines.push(`[steps.${stepName(index)}]`, 'use = "flow/emit"', `config.value = ${index}`);
    const needs = before(index).map((at) => `"${stepName(at)}"`);
    if (needs.length > 0) lines.push(`needs = [${needs.join(", ")}]`);
  }
  return lines.join("\n");
}

/** Each step needs one of the layer before; further edges come from any of the three layers before, by chance. */
function layered(): (index: number) => number[] {
  const random = generator(1);
  const below = (most: number) => Math.floor(random() * most);
  const before = Array.from({ length: STEPS }, (_, index) => {
    const layer = Math.floor(index / LAYER);
    return new Set(layer > 0 ? [(layer - 1) * LAYER + below(LAYER)] : []);
  });
  for (let missing = EDGES - (STEPS - LAYER); missing > 0; ) {
    const to = LAYER + below(STEPS - LAYER);
    const layer = Math.floor(to / LAYER);
    const from = Math.max(0, layer - 1 - below(3)) * LAYER + below(LAYER);
    const known = before[to];
    if (known && !known.has(from)) {
      known.add(from);
      missing -= 1;
    }
  }
  return (index) => [...(before[index] ?? [])];
}

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
