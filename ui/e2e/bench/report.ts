/** What was measured: for people at once, and as a page of the documentation. */

import { writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";

export interface Measured {
  subject: string;
  value: number;
  unit: "KB" | "MB" | "ms";
  /** What it must not exceed; none for what is only told. */
  most?: number;
  /** What else is worth knowing of it, in a few words. */
  remark?: string;
}

export const isMet = ({ value, most }: Measured) => most === undefined || value <= most;

/** The value that so large a part of the samples does not exceed. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** For who waits for it. */
export function line({ subject, value, unit, remark, ...one }: Measured): string {
  const missed = isMet({ subject, value, unit, ...one }) ? "" : `, MISSED: at most ${one.most} ${unit}`;
  return `${subject}: ${amount(value)} ${unit}${missed}${remark ? ` (${remark})` : ""}`;
}

export function table(measured: readonly Measured[]): string {
  const rows = measured.map((one) => [
    one.subject,
    `${amount(one.value)} ${one.unit}`,
    one.most === undefined ? "" : `≤ ${amount(one.most)} ${one.unit}`,
    one.most === undefined ? "" : isMet(one) ? "ok" : "MISSED",
    one.remark ?? "",
  ]);
  const all = [["subject", "measured", "bound", "", "remark"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const joined = (row: string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const rule = joined(widths.map((width) => "-".repeat(width)));
  return [joined(all[0] ?? []), rule, ...all.slice(1).map(joined)].join("\n");
}

const amount = (value: number) => Math.round(value).toLocaleString("en");

/** Writes the page: sections of what was measured, each with how. */
export function writePage(path: string, sections: readonly Section[], browser: string) {
  const [cpu] = cpus();
  const head = `# Benchmarks of the web UI

Written by \`just bench-ui\`, which measures the built UI in a browser against the real host, and fails where a bound is
missed. Host, browser and what drives it share the cores of one machine; whatever else ran there slowed them all. Times are
therefore the best of several rounds where this page says so.

- Machine: ${cpus().length} cores of ${cpu?.model ?? arch()}, ${(totalmem() / 2 ** 30).toFixed(0)} GB of memory, ${type()} ${release()}
- Browser: Chromium ${browser}, headless, 1280 × 800
- Date: ${new Date().toISOString().slice(0, 10)}
- Command: \`just bench-ui\` (host with profile \`dev\`: dependencies with \`opt-level = 3\`, stepmill with 2)
`;
  const body = sections.map(({ title, how, measured }) => `\n## ${title}\n\n${how}\n\n${table(measured)}\n`);
  writeFileSync(path, head + body.join(""));
}

export interface Section {
  title: string;
  /** How it is measured. */
  how: string;
  measured: Measured[];
}
