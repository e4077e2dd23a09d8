/** Keeps what a failing test saw. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { FAILURES } from "./places";

export async function keepFailure(test: string, pages: Page[], log: readonly string[]) {
  await mkdir(FAILURES, { recursive: true });
  const name = test.replace(/\W+/g, "-").slice(0, 80);
  const path = join(FAILURES, name);
  for (const [index, page] of pages.entries()) {
    // A page that hangs is no reason to lose the others.
    await page.screenshot({ path: `${path}-${index}.png`, timeout: 5_000 }).catch(() => undefined);
  }
  const addresses = pages.map((page) => `at ${page.url()}`);
  await writeFile(`${path}.log`, [...addresses, ...log, ""].join("\n"));
  process.stderr.write(`What was seen is kept in ${path}*\n`);
}
