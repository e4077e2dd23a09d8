/** Runs: started by the form, watched, understood, repaired. */

import { expect, type Page, scenarios, test } from "./harness";
import { deploy } from "./harness/scene";
import { statesSeen, watchStates } from "./harness/seen";

const stateOf = (page: Page, state: string) =>
  page.getByRole("main").getByText(state, { exact: true }).first();

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
    await deploy(host.api, "stages");
    const run = await host.api.start("stages");
    await watchStates(page);
    await page.goto(`/runs/${run}?tab=steps`);
    await page.getByRole("button", { name: "Rerun …" }).waitFor();
    const seen = await statesSeen(page);
    const of = (step: string) => seen.filter(({ name }) => name === step).map(({ state }) => state);
    // The first ones may be over before a slow page is there.
    expect(of("stage_8")).toEqual(["waiting", "running", "succeeded"]);
    expect(of("stage_1").at(-1)).toBe("succeeded");
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
