/** Much of everything: the page has what is seen, and stays usable. */

import { expect, scenarios, test } from "./harness";
import { lengthen } from "./harness/history";
import { stepName } from "./harness/pipelines";
import { deploy } from "./harness/scene";

scenarios("much", () => {
  test("1,000 steps: found, walked and opened by keys", { timeout: 90_000 }, async ({ page, host }) => {
    await deploy(host.api, "wide");
    await page.goto("/pipelines/wide");
    const graph = page.getByRole("group", { name: /^Graph of 1000 steps/ });
    await graph.waitFor();
    await graph.getByText(stepName(0), { exact: true }).waitFor();
    // Only what is seen is there.
    expect(await page.locator(".react-flow__node").count()).toBeLessThan(400);

    await graph.getByRole("searchbox", { name: "Find a step" }).fill(stepName(987));
    await graph.getByText("1 found").waitFor();
    await page.keyboard.press("Enter");
    await graph.getByText(stepName(987), { exact: true }).waitFor();
    // It is clicked once the graph has come to rest, which takes seconds without graphics hardware.
    await graph.getByText(stepName(987), { exact: true }).click({ timeout: 40_000 });
    await page.getByRole("complementary", { name: `Step ${stepName(987)}` }).waitFor();
    expect(new URL(page.url()).searchParams.get("step")).toBe(stepName(987));
  });

  test("1,000 steps: a run of them, followed to its end", async ({ page, host }) => {
    await deploy(host.api, "wide");
    const run = await host.api.start("wide");
    await page.goto(`/runs/${run}?tab=steps`);
    await page.getByRole("main").getByText("succeeded", { exact: true }).first().waitFor();
    await host.api.ended(run);
    const rows = page.getByRole("row");
    expect(await rows.count()).toBeLessThan(120);
    await page.getByRole("searchbox").first().fill(stepName(999));
    await page
      .getByRole("row", { name: new RegExp(stepName(999)) })
      .getByText("succeeded")
      .waitFor();
  });

  test("100,000 runs: a few rows, and all of them within reach", async ({ page, host }) => {
    await deploy(host.api, "import", "choice");
    const failed = await host.api.finished("import");
    await host.api.finished("choice");
    await lengthen(host, 100_000);
    await page.goto("/runs");
    const table = page.getByRole("table", { name: "Runs" });
    await table.getByRole("row").nth(5).waitFor();
    expect(await table.getByRole("row").count()).toBeLessThan(80);
    const far = () =>
      table
        .getByRole("row")
        .last()
        .getAttribute("aria-rowindex")
        .then((index) => Number(index));
    await table.hover();
    await expect
      .poll(
        async () => {
          await page.mouse.wheel(0, 20_000);
          return far();
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBeGreaterThan(1_000);
    expect(await table.getByRole("row").count()).toBeLessThan(80);

    // A filter asks the host, which looks at all of them.
    await page.goto(`/runs?text=${failed.run.id}`);
    await table.getByRole("row", { name: new RegExp(failed.run.id.slice(-12)) }).waitFor();
    await expect.poll(() => table.getByRole("row").count()).toBe(2);
  });
});
