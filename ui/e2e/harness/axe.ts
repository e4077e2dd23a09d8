/** What axe-core finds on a page: everything serious, and everything that is hard to read. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

// Evaluated by the browser's protocol, which no policy of the page concerns.
const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Serious and critical violations, and all of contrast, each in a line with its first elements. */
export async function audit(page: Page): Promise<string[]> {
  await page.evaluate(SOURCE);
  const found = (await page.evaluate(
    (tags) =>
      (window as unknown as { axe: { run: (where: Document, how: object) => Promise<unknown> } }).axe.run(
        document,
        { resultTypes: ["violations"], runOnly: { type: "tag", values: tags } },
      ),
    TAGS,
  )) as AxeResults;
  return found.violations
    .filter(({ id, impact }) => impact === "serious" || impact === "critical" || id === "color-contrast")
    .map(({ id, help, nodes }) => {
      const where = nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.html.slice(0, 160)}`);
      return `${id}: ${help} (${nodes.length}×)\n    ${where.join("\n    ")}`;
    });
}
