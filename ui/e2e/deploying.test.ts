/** What is deployed is seen on every open page at once. */

import { expect, scenarios, test } from "./harness";
import { version } from "./harness/modules";
import { deploy } from "./harness/scene";
import { settled } from "./harness/views";

scenarios("deploying", () => {
  test("begins at the welcome of an empty host", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("heading", { level: 1, name: "Welcome to stepmill" }).waitFor();
    await page.getByRole("main").getByRole("link", { name: "Upload a module" }).click();
    await page.getByRole("heading", { level: 1, name: "Modules" }).waitFor();
    await page.getByRole("button", { name: "Choose files" }).waitFor();
  });

  test("changes open pages: modules, pipelines, graphs", async ({ open, host }) => {
    await deploy(host.api, "choice");
    const [modules, module, pipelines, pipeline] = [await open(), await open(), await open(), await open()];
    await modules.goto("/modules");
    await module.goto("/modules/flow");
    await pipelines.goto("/pipelines");
    await pipeline.goto("/pipelines/choice");
    for (const page of [modules, module, pipelines, pipeline]) {
      await settled(page);
      await page.getByRole("status").getByText("Live").waitFor();
    }
    await module.getByText("Doubles a number.").waitFor();

    await host.api.push(version("flow", "0.2.0", ["Doubles a number.", "Doubles an entry."]));
    await module.getByText("Doubles an entry.").waitFor();
    await modules.getByRole("row", { name: /flow/ }).getByText("0.2.0").waitFor();

    const { text } = await host.api.get<{ text: string }>("/api/v1/pipelines/choice");
    await host.api.deploy(`${text}\n[steps.archived]\nuse = "flow/emit"\nneeds = ["report"]\n`);
    const graph = pipeline.getByRole("group", { name: /^Graph of 7 steps/ });
    await graph.getByText("archived", { exact: true }).waitFor();

    await host.api.deploy(text.replace('name = "choice"', 'name = "second_choice"'));
    await pipelines.getByRole("link", { name: "second_choice" }).waitFor();
    expect(await pipelines.getByRole("link", { name: "choice", exact: true }).count()).toBe(1);
  });
});
