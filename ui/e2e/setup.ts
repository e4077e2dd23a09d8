/** Runs once around all files: what the tests need must be there, and one browser serves them all. */

import { rm } from "node:fs/promises";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { ARGS } from "./harness/browser";
import { browserPath, FAILURES, missing, NO_BROWSER } from "./harness/places";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser listens; none where it is not installed, and its tests are skipped. */
    browser: string | null;
  }
}

export default async function setup(project: TestProject) {
  const lacks = missing();
  if (lacks.length > 0) {
    throw new Error(`What the tests of the UI need is missing:\n- ${lacks.join("\n- ")}`);
  }
  await rm(FAILURES, { recursive: true, force: true });
  const executablePath = browserPath();
  if (!executablePath) {
    if (process.env.CI) throw new Error(NO_BROWSER);
    process.stderr.write(`${NO_BROWSER}. All tests in a browser are skipped.\n`);
    project.provide("browser", null);
    return;
  }
  const browser = await chromium.launchServer({ executablePath, args: ARGS, host: "127.0.0.1" });
  project.provide("browser", browser.wsEndpoint());
  return () => browser.close();
}
