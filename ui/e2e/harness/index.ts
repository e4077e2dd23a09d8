/** What the tests are written with: `scenarios("…", () => { test("…", async ({ page, host }) => … ) })`. */

import { type Browser, chromium, type Page } from "playwright-core";
import { describe, inject, test as plain } from "vitest";
import { openPage, type PageOptions, Watch } from "./browser";
import { keepFailure } from "./failures";
import { Host } from "./host";

export type { Page } from "playwright-core";
export { expect } from "vitest";
export { DESKTOP, PHONE } from "./browser";
export type { Host } from "./host";

const endpoint = inject("browser");

/** Tests that need a browser: skipped where there is none. */
export const scenarios = describe.skipIf(endpoint === null);

interface Fixtures {
  /** A host with an empty data directory, for all tests of the file. */
  host: Host;
  browser: Browser;
  /** What is not allowed to happen on any page of a test. */
  watch: Watch;
  /** Opens a page in a context of its own. */
  open: (options?: PageOptions) => Promise<Page>;
  /** A page on which the first admin is logged in. */
  page: Page;
}

export const test = plain.extend<Fixtures>({
  host: [
    // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read from its pattern
    async ({}, use) => {
      const host = await Host.start();
      await use(host);
      await host.remove();
    },
    { scope: "file" },
  ],
  browser: [
    // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read from its pattern
    async ({}, use) => {
      const browser = await chromium.connect(endpoint ?? "");
      await use(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read from its pattern
  watch: async ({}, use) => {
    const watch = new Watch();
    await use(watch);
    if (watch.complaints.length > 0) {
      throw new Error(`This must not happen on a page:\n- ${watch.complaints.join("\n- ")}`);
    }
  },
  open: async ({ host, browser, watch, task }, use) => {
    const pages: Page[] = [];
    await use(async (options) => {
      const page = await openPage(browser, host, watch, options);
      pages.push(page);
      return page;
    });
    if (task.result?.state === "fail" || watch.complaints.length > 0) {
      await keepFailure(task.name, pages, watch.log);
    }
    await Promise.all(pages.map((page) => page.context().close()));
  },
  page: async ({ open }, use) => use(await open()),
});
