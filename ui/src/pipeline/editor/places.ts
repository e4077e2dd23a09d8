/** Places that the host names, as positions in the editor. The host counts characters, the editor UTF-16 units. */

import type { Api } from "@/api/client";

export type Problem = Api<"ProblemView">;
type Place = Api<"PlaceView">;

/** The lines of a text, as the editor has them. */
export interface Lines {
  readonly lines: number;
  line(number: number): { from: number; text: string };
}

/** The position of a line and column, both from 1. One that is not there (any more) is at the end of its line or text. */
export function positionOf(doc: Lines, line: number, column: number): number {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  if (line > doc.lines) return found.from + found.text.length;
  let offset = 0;
  let left = column - 1;
  for (const character of found.text) {
    if (left <= 0) break;
    offset += character.length;
    left -= 1;
  }
  return found.from + offset;
}

export interface Mark {
  from: number;
  to: number;
  severity: Problem["severity"];
  message: string;
  help: string | undefined;
}

/** What to mark in the text: each problem at its main place, with what is said at its other places there. */
export function marksOf(doc: Lines, problems: readonly Problem[]): Mark[] {
  const marks = problems.flatMap((problem) =>
    problem.places.map((place, index) => markOf(doc, problem, place, index === 0)),
  );
  return marks.sort((one, other) => one.from - other.from || one.to - other.to);
}

function markOf(doc: Lines, problem: Problem, place: Place, main: boolean): Mark {
  const from = positionOf(doc, place.line, place.column);
  const to = Math.max(from, positionOf(doc, place.end_line, place.end_column));
  const label = place.label ? (main ? `: ${place.label}` : place.label) : "";
  return {
    from,
    to,
    severity: problem.severity,
    message: main ? `${problem.message}${label}` : label || problem.message,
    help: main ? (problem.help ?? undefined) : undefined,
  };
}

/** `2 problems`, `1 warning`, or that there are none. */
export function problemWords(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const word = (number: number, one: string) =>
    number === 0 ? [] : [`${number} ${one}${number === 1 ? "" : "s"}`];
  return [...word(errors, "problem"), ...word(warnings, "warning")].join(", ") || "No problems";
}
