/** Takes the pictures of `docs/screenshots`: every view, light and dark, on a host at work. */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DESKTOP, type Page, scenarios, test } from "./harness";
import { ROOT } from "./harness/places";
import { play } from "./scene";
import { shrink } from "./scene/png";
import { type Shot, shotsOf } from "./scene/shots";

const FOLDER = join(ROOT, "docs/screenshots");
const THEMES = ["light", "dark"] as const;

/** How often a view is looked at until it stays as it is. One with a running clock never does. */
const LOOKS = 5;

scenarios("pictures", () => {
  test("of every view", { timeout: 300_000 }, async ({ host, open, watch }) => {
    // Nobody is logged in, which is found out by asking.
    watch.allow(/status of 401 .*\/api\/v1\/session/);
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    for (const theme of THEMES) {
      await take(await open({ theme, token: null }), { name: "login", path: "/" }, theme);
      await take(await open({ theme }), { name: "welcome", path: "/" }, theme);
    }
    const shots = shotsOf(await play(host));
    for (const theme of THEMES) {
      const context = (await open({ theme })).context();
      for (const shot of shots) {
        // Another page for each: a text that is edited keeps its page.
        const page = await context.newPage();
        await take(page, shot, theme);
        await page.close();
      }
    }
  });
});

async function take(page: Page, { name, path, act, panel = 40, viewport = DESKTOP }: Shot, theme: string) {
  await page.setViewportSize(viewport);
  await page.addInitScript((panel) => {
    // Previews are frames without a storage.
    if (window === window.top) localStorage.setItem("stepmill.panel", panel);
  }, `${panel}`);
  await page.goto(path);
  await act?.(page);
  await writeFile(join(FOLDER, `${name}-${theme}.png`), shrink(await settled(page)));
}

/** The view once all of it is there. */
async function settled(page: Page): Promise<Buffer> {
  await page.getByRole("heading").first().waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  let seen = await look(page);
  for (let looks = 1; looks < LOOKS; looks += 1) {
    await page.waitForTimeout(200);
    await page.waitForFunction(() => !document.querySelector("[aria-label=Loading]"));
    const before = seen;
    seen = await look(page);
    if (seen.equals(before)) break;
  }
  return seen;
}

const look = (page: Page) => page.screenshot({ animations: "disabled", caret: "hide" });
