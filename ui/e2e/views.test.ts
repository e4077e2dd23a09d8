/** Every view: for everybody's eyes and hands, on every screen. */

import { expect, type Page, PHONE, scenarios, test } from "./harness";
import { audit } from "./harness/axe";
import { everySort } from "./harness/scene";
import { settled, viewsOf } from "./harness/views";

scenarios("every view", () => {
  for (const theme of ["light", "dark"] as const) {
    test(`is accessible, ${theme}`, { timeout: 120_000 }, async ({ host, open }) => {
      const views = viewsOf(await scene(host));
      const page = await open({ theme });
      const found: string[] = [];
      for (const { name, path } of views) {
        await page.goto(path);
        await settled(page);
        expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
        expect(await page.locator("h1").count(), name).toBe(1);
        found.push(...(await audit(page)).map((violation) => `${name}: ${violation}`));
      }
      expect(found.join("\n")).toBe("");
    });
  }

  test("fits a phone, without scrolling sideways", { timeout: 120_000 }, async ({ host, open }) => {
    const views = viewsOf(await scene(host));
    const page = await open({ viewport: PHONE });
    const found: string[] = [];
    for (const { name, path } of views) {
      await page.goto(path);
      await settled(page);
      const wide = await tooWide(page);
      if (wide.length > 0) found.push(`${name} is wider than its screen: ${wide.join(", ")}`);
    }
    expect(found.join("\n")).toBe("");
  });

  test("changes its colours at once, and keeps them", async ({ page }) => {
    await page.goto("/");
    const theme = () => page.locator("html").getAttribute("data-theme");
    await page.getByRole("button", { name: "Dark theme" }).click();
    expect(await theme()).toBe("dark");
    await page.reload();
    await page.getByRole("button", { name: "Light theme" }).waitFor();
    expect(await theme()).toBe("dark");
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.getByRole("button", { name: "Light theme" }).click();
    await expect.poll(background).not.toBe(dark);
  });
});

/** The scene is built once for the host of this file. */
let built: ReturnType<typeof everySort> | undefined;
function scene(host: { api: Parameters<typeof everySort>[0] }) {
  built ??= everySort(host.api);
  return built;
}

/** What sticks out of the page: the page scrolls sideways, or cuts something off that is in no box with a scroll bar. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const outside = [...document.body.querySelectorAll("main *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !scrolls(element.parentElement);
    });
    const said = outside
      .slice(0, 3)
      .map((element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`);
    return document.documentElement.scrollWidth > width ? ["the page scrolls", ...said] : said;
  });
}
