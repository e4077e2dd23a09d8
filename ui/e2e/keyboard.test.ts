/** Everything without a pointer: found, run, gone through, cancelled. */

import { expect, type Page, scenarios, test } from "./harness";
import { deploy } from "./harness/scene";
import { settled } from "./harness/views";

/** Goes on with Tab until something that is called so has the focus. */
async function tabTo(page: Page, name: RegExp) {
  for (let presses = 0; presses < 60; presses += 1) {
    const focused = page.locator(":focus");
    const label = await focused.evaluateAll(([element]) =>
      element ? element.getAttribute("aria-label") || element.textContent || "" : "",
    );
    if (name.test(label.trim())) return focused;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${name}`);
}

scenarios("by the keyboard alone", () => {
  test("a pipeline is found, run, and its run cancelled", async ({ page, host }) => {
    await deploy(host.api, "slow", "choice");
    await page.goto("/");
    await settled(page);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    await page.keyboard.type("slow now");
    await page.getByRole("option", { name: "Run slow now", selected: true }).waitFor();
    await page.keyboard.press("Enter");

    const form = page.getByRole("dialog").getByRole("form", { name: "Parameters" });
    await form.waitFor();
    await tabTo(page, /^Start run$/);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/.+/);
    const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await settled(page);

    await tabTo(page, /^Cancel run$/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo(page, /^Cancel run$/);
    await page.keyboard.press("Enter");
    await page.getByRole("main").getByText("cancelled", { exact: true }).first().waitFor();
    expect((await host.api.ended(id)).run.state).toBe("cancelled");
  });

  test("a list is gone through, and a row opened", async ({ page, host }) => {
    await deploy(host.api, "choice");
    const ids = [];
    for (let run = 0; run < 3; run += 1) ids.push((await host.api.finished("choice")).run.id);
    await page.goto("/runs?pipeline=choice");
    await page.getByRole("row").nth(3).waitFor();
    await settled(page);
    for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/runs/${ids[1]}`);
  });

  test("a graph is walked, a step opened and closed", async ({ page, host }) => {
    await deploy(host.api, "choice");
    const { run } = await host.api.finished("choice");
    await page.goto(`/runs/${run.id}`);
    const graph = page.getByRole("group", { name: /^Graph of 6 steps/ });
    await graph.getByText("measure", { exact: true }).waitFor();
    await graph.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: /^Step / });
    await panel.waitFor();
    expect(new URL(page.url()).searchParams.get("step")).toBeTruthy();
    await tabTo(page, /^Close the step$/);
    await page.keyboard.press("Escape");
    await expect.poll(() => panel.count()).toBe(0);
  });

  test("views are reached by their letters, and the keys are listed", async ({ page, host }) => {
    await deploy(host.api, "choice");
    await page.goto("/");
    await settled(page);
    for (const [key, name] of [
      ["p", "Pipelines"],
      ["r", "Runs"],
      ["m", "Modules"],
      ["t", "Triggers"],
      ["s", "Secrets"],
      ["k", "Tokens"],
      ["a", "Audit"],
      [",", "Settings"],
      ["h", "Home"],
    ] as const) {
      // At once: the second one must not be long after the first.
      await Promise.all([page.keyboard.press("g"), page.keyboard.press(key)]);
      await page.getByRole("heading", { level: 1, name }).waitFor();
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).getByText("Search and commands").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  });

  test("the first Tab leads past the navigation", async ({ page, host }) => {
    await deploy(host.api, "choice");
    await page.goto("/pipelines");
    await settled(page);
    await page.keyboard.press("Tab");
    await page.getByRole("link", { name: "Skip to the content" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#main:focus").waitFor();
  });
});
