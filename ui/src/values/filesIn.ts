/** Which files of an output belong to the part that is looked at. */

import type { NumberedFile } from "./FilesView";
import type { OutputPart, OutputSource } from "./source";
import { classify } from "./value";

/** More than are looked through for files. */
const MOST = 50_000;

/**
 * The files, with the numbers by which the host knows them. The host numbers those of a whole step; of an item or a
 * part of a value, only those are listed that it refers to.
 */
export function filesIn(part: OutputPart | undefined, source: OutputSource, path: string): NumberedFile[] {
  const all = (part?.output.files ?? []).map((file, index) => ({ file, index }));
  const isWhole = path === "" && (source.kind === "param" || source.item === undefined);
  // What is not all here may refer to any of them.
  if (!part || all.length === 0 || isWhole || part.too_large || typeof part.next === "number") return all;
  const meant = new Set<string>();
  const waiting: unknown[] = [part.value];
  for (let seen = 0; waiting.length > 0 && seen < MOST; seen += 1) {
    const value = classify(waiting.pop());
    if (value.kind === "file") meant.add(`${value.file.hash}/${value.file.name}`);
    else if (value.kind === "list") waiting.push(...value.items);
    else if (value.kind === "map") waiting.push(...value.entries.map(({ value }) => value));
  }
  return all.filter(({ file }) => meant.has(`${file.hash}/${file.name}`));
}
