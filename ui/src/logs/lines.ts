/** Lines of logs: numbered, filtered, searched. Nothing here knows of React, and all of it is fast with 100,000 lines. */

import type { Api } from "@/api/client";

export type LogLevel = Api<"LogLevel">;

export const LEVELS = ["trace", "debug", "info", "warn", "error"] as const satisfies LogLevel[];

export const LEVEL_WORDS: Record<LogLevel, string> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

export interface Line extends Api<"LogLineView"> {
  /** Names it in addresses: its step, its time, and which of those of that time it is. */
  id: string;
  /** From 1, in the order in which it was received. */
  number: number;
  /** In milliseconds. */
  time: number;
}

/** Numbers lines as they come. */
export class Numbering {
  private last = new Map<string, { time: number; same: number }>();
  private count = 0;

  number(views: Api<"LogLineView">[]): Line[] {
    return views.map((view) => {
      const time = new Date(view.at).getTime();
      const before = this.last.get(view.step);
      const same = before?.time === time ? before.same + 1 : 0;
      this.last.set(view.step, { time, same });
      this.count += 1;
      return { ...view, time, number: this.count, id: `${view.step}~${time}~${same}` };
    });
  }
}

export interface LineFilter {
  /** At least this loud. */
  level?: LogLevel | undefined;
  step?: string | undefined;
}

export function filterLines(lines: Line[], { level, step }: LineFilter): Line[] {
  const least = level ? LEVELS.indexOf(level) : 0;
  if (least === 0 && step === undefined) return lines;
  return lines.filter(
    (line) => LEVELS.indexOf(line.level) >= least && (step === undefined || line.step === step),
  );
}

/** The steps that have said something, in the order in which they began to. */
export function stepsOf(lines: Line[]): string[] {
  return [...new Set(lines.map(({ step }) => step))];
}

/** Where the lines are that have the text in them, whatever its case. */
export function findLines(lines: Line[], text: string): number[] {
  const wanted = text.toLowerCase();
  if (wanted === "") return [];
  const found: number[] = [];
  for (const [at, line] of lines.entries()) if (line.text.toLowerCase().includes(wanted)) found.push(at);
  return found;
}

/** More of them in one line are not marked: a line may be nothing but matches. */
const MAX_MARKS = 100;

/** A text in pieces: those that are the wanted text, and those between. */
export function marked(text: string, wanted: string): { text: string; match: boolean }[] {
  if (wanted === "") return [{ text, match: false }];
  const [low, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  // In some languages, small letters take more room than large ones: then nothing is marked, rather than the wrong.
  if (low.length !== text.length) return [{ text, match: false }];
  const found: { text: string; match: boolean }[] = [];
  let from = 0;
  for (
    let at = low.indexOf(needle);
    at >= 0 && found.length < 2 * MAX_MARKS;
    at = low.indexOf(needle, from)
  ) {
    if (at > from) found.push({ text: text.slice(from, at), match: false });
    from = at + needle.length;
    found.push({ text: text.slice(at, from), match: true });
  }
  if (from < text.length || found.length === 0) found.push({ text: text.slice(from), match: false });
  return found;
}

/** What is copied and downloaded. */
export function asText(lines: Line[], withStep: boolean): string {
  return lines
    .map(({ at, level, step, attempt, text }) => {
      const whose = withStep ? ` ${step}/${attempt}` : "";
      return `${at} ${level.toUpperCase().padEnd(5)}${whose} ${text}\n`;
    })
    .join("");
}

/** `16:59:07.381`. */
export function clock(time: number, zone: "local" | "utc"): string {
  const at = new Date(time);
  const local = new Date(time - at.getTimezoneOffset() * 60_000);
  return (zone === "utc" ? at : local).toISOString().slice(11, 23);
}

/** `+00:07.381` since something else; `+1:02:07.381` from an hour on. */
export function since(time: number, start: number): string {
  const distance = Math.abs(time - start);
  const hours = Math.floor(distance / 3_600_000);
  const text = new Date(distance % 3_600_000).toISOString().slice(14, 23);
  return `${time < start ? "-" : "+"}${hours > 0 ? `${hours}:` : ""}${text}`;
}
