/** Measures what a person waits for, and fails where it is too long: `npm run bench`. */

import { join } from "node:path";
import { afterAll } from "vitest";
import { expect, scenarios, test } from "../harness";
import { lengthen } from "../harness/history";
import { ROOT } from "../harness/places";
import { deploy } from "../harness/scene";
import { CHANGES, measureChanges } from "./changes";
import { GRAPH, measureGraph, measureLiveRun } from "./graph";
import { LOAD, measureLoad } from "./load";
import { measureLog } from "./logs";
import { isMet, line, type Measured, type Section, writePage } from "./report";
import { measureScroll, RUNS, SCROLL } from "./scroll";

const PAGE = join(ROOT, "docs/benchmarks-ui.md");
const MINUTES = 60_000;

const OTHERS = {
  title: "Without a bound",
  how: "What may become a bound one day: measured once.",
  measured: [],
} satisfies Section;

const SECTIONS: Section[] = [LOAD, GRAPH, CHANGES, SCROLL, OTHERS];
let version = "";

/** Keeps what was measured, tells it at once, and lets the test fail where a bound is missed. */
const into = (section: Section) => (one: Measured) => {
  section.measured.push(one);
  process.stdout.write(`${line(one)}\n`);
  expect.soft(isMet(one), `${one.subject}: ${one.value} ${one.unit}, at most ${one.most}`).toBe(true);
};

scenarios("the UI", () => {
  afterAll(() => {
    // Parts of it are no page.
    if (SECTIONS.every(({ measured }) => measured.length > 0)) writePage(PAGE, SECTIONS, version);
  });

  test("loads little", async ({ page, host, browser }) => {
    version = browser.version();
    await deploy(host.api, "import");
    await host.api.finished("import");
    (await measureLoad(page)).forEach(into(LOAD));
  });

  test("shows a change soon", { timeout: 5 * MINUTES }, async ({ page, host }) => {
    await deploy(host.api);
    (await measureChanges(page, host.api)).forEach(into(CHANGES));
  });

  test("shows a large graph soon", { timeout: 10 * MINUTES }, async ({ open, host }) => {
    await deploy(host.api);
    await measureGraph(open, host.api, into(GRAPH));
  });

  test("follows a large run", { timeout: 2 * MINUTES }, async ({ page, host }) => {
    await deploy(host.api);
    (await measureLiveRun(page, host.api)).forEach(into(OTHERS));
  });

  test("opens a long log", { timeout: 2 * MINUTES }, async ({ page, host }) => {
    await deploy(host.api);
    (await measureLog(page, host.api)).forEach(into(OTHERS));
  });

  test("scrolls through a long history", { timeout: 5 * MINUTES }, async ({ open, host }) => {
    await deploy(host.api, "import");
    await host.api.finished("import");
    await lengthen(host, RUNS);
    (await measureScroll(open, host.api)).forEach(into(SCROLL));
  });
});
