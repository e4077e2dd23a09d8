/** Runs: started by the form, watched, understood, repaired. */

import { expect, type Page, scenarios, test } from "./harness";
import { Gate } from "./harness/gate";
import { component } from "./harness/modules";
import { deploy } from "./harness/scene";

/** The state of the run itself: a step that has ended says the same word earlier. */
const stateOf = (page: Page, state: string) =>
  page.getByRole("main").locator("header").first().getByText(state, { exact: true });

scenarios("a run", () => {
  test("is started by the form, with a file, and watched to its end", async ({ page, host }) => {
    await deploy(host.api, "orders");
    await page.goto("/pipelines/orders");
    await page.getByRole("button", { name: "Run now" }).click();
    const form = page.getByRole("form", { name: "Parameters" });

    // What a run needs is said before anything is sent.
    await form.getByRole("button", { name: "Start run" }).click();
    await form.getByText("A run needs this file").waitFor();

    const chosen = page.waitForEvent("filechooser");
    await form.getByRole("button", { name: "Choose a file for csv" }).click();
    await (await chosen).setFiles({
      name: "orders of May.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("id,price\n1,20\n"),
    });
    await form.getByText("orders of May.csv").waitFor();
    await form.getByLabel(/^customer/).fill("Grace");
    await form.getByLabel(/^items/).fill("[10, 20]");
    await form.getByRole("button", { name: "Start run" }).click();

    await page.waitForURL(/\/runs\/.+/);
    await stateOf(page, "succeeded").waitFor();
    const run = await host.api.run(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    expect(run.run.state).toBe("succeeded");

    await page
      .getByRole("navigation", { name: "Parts of the run" })
      .getByRole("link", { name: /^Steps/ })
      .click();
    await page.waitForURL(/tab=steps/);
    await page.getByRole("button", { name: "greet" }).first().click();
    const step = page.getByRole("complementary", { name: "Step greet" });
    await step.getByText(/^Output/).click();
    await step.getByText("Hello, Grace!").waitFor();
  });

  test("shows each step as it goes on", async ({ page, host }) => {
    const gate = await Gate.build();
    try {
      await host.api.push(component("outside"));
      await host.api.deploy(
        `name = "stages"\n${gate.step("first")}${gate.step("second", 'needs = ["first"]')}`,
      );
      const run = await host.api.start("stages");
      await page.goto(`/runs/${run}?tab=steps`);
      const step = (name: string, state: string) =>
        page.locator(`[data-step="${name}"] [data-state="${state}"]`).first().waitFor();
      await step("first", "running");
      await step("second", "waiting");
      gate.open("first");
      await step("first", "succeeded");
      await step("second", "running");
      gate.open("second");
      await step("second", "succeeded");
      await stateOf(page, "succeeded").waitFor();
      await page.getByRole("button", { name: "Rerun …" }).waitFor();
    } finally {
      gate.close();
    }
  });

  test("shows how far a step says that it is", async ({ page, host }) => {
    await deploy(host.api);
    await host.api.deploy(`
name = "progress"
[steps.long]
use = "behaviours/says_early_and_works"
config.turns = 200000000000
`);
    const run = await host.api.start("progress");
    await page.goto(`/runs/${run}?tab=steps`);
    await page.locator('[data-step="long"]').getByText("50 % · half").waitFor();
    // A page that comes later is told, too.
    await page.goto(`/runs/${run}`);
    await page.getByText("50 % · half").first().waitFor();
    await host.api.cancel(run);
    await stateOf(page, "cancelled").waitFor();
  });

  test("says what failed, why, and what to do next", async ({ page, host }) => {
    await deploy(host.api, "import");
    const { run } = await host.api.finished("import");
    await page.goto(`/runs/${run.id}`);
    await stateOf(page, "failed").waitFor();
    await page.getByRole("button", { name: "parse" }).first().click();
    const step = page.getByRole("complementary", { name: "Step parse" });
    await step
      .getByText(/invalid digit found in string/)
      .first()
      .waitFor();
    await step.getByText("Next:").waitFor();
    await step.getByRole("button", { name: /^Rerun from here/ }).waitFor();
    expect(new URL(page.url()).searchParams.get("step")).toBe("parse");

    // What comes behind it says whose fault it is.
    await page.goto(`/runs/${run.id}?step=store`);
    await page
      .getByRole("complementary", { name: "Step store" })
      .getByText(/needs .?parse.?, which failed/)
      .waitFor();
  });

  test("is rerun from what failed, with other parameters", async ({ page, host }) => {
    await deploy(host.api, "flaky");
    const { run } = await host.api.finished("flaky");
    expect(run.state).toBe("failed");
    await page.goto(`/runs/${run.id}`);
    await page.getByRole("button", { name: "Rerun …" }).click();
    const dialog = page.getByRole("dialog", { name: "Rerun flaky" });
    expect(await dialog.getByRole("radio", { name: /^What did not succeed/ }).isChecked()).toBe(true);
    await dialog.getByLabel(/^bad/).fill("[]");
    await dialog.getByRole("button", { name: "Start rerun" }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(run.id));
    await stateOf(page, "succeeded").waitFor();
    await page.getByText("rerun of").waitFor();

    const again = await host.api.run(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    expect(again.rerun_of).toBe(run.id);
    expect(again.steps.find(({ name }) => name === "prepare")?.carried_from).toContain(run.id);
  });

  test("is cancelled behind a question", async ({ page, host }) => {
    await deploy(host.api, "slow");
    const run = await host.api.start("slow");
    await page.goto(`/runs/${run}`);
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel run" }).click();
    await stateOf(page, "cancelled").waitFor();
    expect((await host.api.ended(run)).run.state).toBe("cancelled");
    await page.getByRole("button", { name: "Rerun …" }).waitFor();
  });

  test("says of each skipped step why it was", async ({ page, host }) => {
    await deploy(host.api, "choice");
    const { run } = await host.api.finished("choice");
    const step = (name: string) => page.getByRole("complementary", { name: `Step ${name}` });

    await page.goto(`/runs/${run.id}?step=sample`);
    await step("sample").getByText("skipped", { exact: true }).waitFor();
    await step("sample")
      .getByText(/took .?small.?, not .?large/)
      .first()
      .waitFor();

    await page.goto(`/runs/${run.id}?step=alert`);
    await step("alert").getByText("What the condition read").waitFor();
    await step("alert").getByText("measure", { exact: true }).first().waitFor();
    await step("alert").getByText("40", { exact: true }).waitFor();

    // From one reason to the next.
    await page.goto(`/runs/${run.id}?step=told`);
    await step("told").getByRole("button", { name: "alert" }).first().click();
    await step("alert").waitFor();
  });

  test("that a webhook starts appears in the list without a reload", async ({ page, host }) => {
    await deploy(host.api, "hooked");
    await page.goto("/runs?pipeline=hooked");
    await page.getByText("No run is like that").waitFor();
    await page.getByRole("status").getByText("Live").waitFor();
    const run = await host.api.hook("orders", "two apples");
    const row = page
      .getByRole("table", { name: "Runs" })
      .getByRole("row", { name: new RegExp(run.slice(-12)) });
    await row.getByText("push").waitFor();
    await row.getByText("succeeded", { exact: true }).waitFor();
  });

  test("with many items shows which of them failed", async ({ page, host }) => {
    await deploy(host.api, "fan_out");
    const { run } = await host.api.finished("fan_out");
    await page.goto(`/runs/${run.id}?step=load&part=items`);
    const step = page.getByRole("complementary", { name: "Step load" });
    await step
      .getByText(/31 is bad/)
      .first()
      .waitFor();
    await step
      .getByText(/7 is bad/)
      .first()
      .waitFor();
  });
});
