/** Components to upload: the guests of `tests/guests`, also with other words in them. */

import { readFileSync } from "node:fs";
import { type Guest, guestPath } from "./places";

export function component(name: Guest, ...changes: [from: string, to: string][]): Buffer {
  const wasm = readFileSync(guestPath(name));
  for (const [from, to] of changes) replace(wasm, from, to);
  return wasm;
}

/** The same component with another version: a module says its own in a line `NAME VERSION`. */
export function version(name: Guest, next: string, ...changes: [from: string, to: string][]): Buffer {
  return component(name, [`${name} 0.1.0\n`, `${name} ${next}\n`], ...changes);
}

/** Replaces words by others of the same length, so that everything else stays where it is. */
function replace(wasm: Buffer, from: string, to: string) {
  const [old, next] = [Buffer.from(from), Buffer.from(to)];
  if (old.length !== next.length) throw new Error(`\`${to}\` is not as long as \`${from}\``);
  let at = wasm.indexOf(old);
  if (at < 0) throw new Error(`There is no \`${from}\``);
  for (; at >= 0; at = wasm.indexOf(old, at + old.length)) next.copy(wasm, at);
}
