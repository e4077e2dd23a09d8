/** In which ways a value can be looked at. */

import { isTabular } from "./columns";
import type { OutputPart } from "./source";
import { classify } from "./value";

export const OUTPUT_VIEWS = ["table", "tree", "raw", "files"] as const;
export type OutputView = (typeof OUTPUT_VIEWS)[number];

export const VIEW_WORDS: Record<OutputView, string> = {
  table: "Table",
  tree: "Tree",
  raw: "JSON",
  files: "Files",
};

/** The views that fit, the best one first in line of those that are not files. */
export function viewsOf(part: OutputPart, files: number): OutputView[] {
  const found: OutputView[] = [];
  if (isTable(part)) found.push("table");
  found.push("tree", "raw");
  if (files > 0) found.push("files");
  return found;
}

/** What is shown if nobody chose: of a step that made nothing but a file, that file. */
export function firstView(part: OutputPart, views: OutputView[]): OutputView {
  if (views.includes("files") && isMostlyFile(part)) return "files";
  return views[0] ?? "tree";
}

/** Lists of maps; elements that are too large are no reason against it. */
function isTable({ total, value }: OutputPart): boolean {
  return typeof total === "number" && Array.isArray(value) && isTabular(value);
}

function isMostlyFile({ value }: OutputPart): boolean {
  const whole = classify(value);
  if (whole.kind === "file") return true;
  return whole.kind === "list" && whole.items.every((item) => classify(item).kind === "file");
}
