/** From a component to a pipeline that takes it: uploaded, deployed and exchanged while somebody looks on. */

import { expect, type Page, scenarios, test } from "./harness";
import { component, version } from "./harness/modules";

const wasm = (name: string, buffer: Buffer) => ({ name, mimeType: "application/wasm", buffer });

async function upload(page: Page, name: string, buffer: Buffer) {
  const chosen = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose files" }).click();
  await (await chosen).setFiles(wasm(name, buffer));
  return page.getByRole("region", { name: "Uploads" }).getByRole("listitem").filter({ hasText: name });
}

/** Puts another text into the editor. */
async function write(page: Page, text: string) {
  const editor = page.getByRole("textbox", { name: /TOML$/ });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

const GREETING = `name = "greeting"
output = "greet"
[params]
name = { type = "string", default = "Ada" }
[steps.greet]
use = "flow/greet"
inputs.name = "params.name"
`;

scenarios("a module", () => {
  test("is uploaded by the page, and what is none is refused with a reason", async ({ page, watch }) => {
    watch.allow(/status of 422/);
    await page.goto("/modules");
    await page.getByText("No modules yet").waitFor();

    const refused = await upload(page, "notes.wasm", Buffer.from("these are no instructions"));
    await refused.getByText("refused").waitFor();

    const done = await upload(page, "flow.wasm", component("flow"));
    await done.getByRole("link", { name: "Look at it" }).click();
    await page.getByRole("heading", { level: 1, name: "flow" }).waitFor();
    await page.getByText("Greets somebody.").first().waitFor();
  });

  test("is taken by a pipeline that the editor checks, shows and deploys", async ({ page, host }) => {
    await host.api.push(component("flow"));
    await page.goto("/pipelines/new");
    await write(page, GREETING.replace("flow/greet", "flow/great"));
    await page.getByRole("button", { name: /^error.*great/ }).waitFor();
    expect(await page.getByRole("button", { name: "Deploy …" }).isDisabled()).toBe(true);

    await write(page, GREETING);
    await page.getByRole("group", { name: /^Graph of 1 step/ }).waitFor();
    await page.getByRole("button", { name: "Deploy …" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Deploy", exact: true }).click();
    await page.waitForURL(/\/pipelines\/greeting$/);
    await page.getByRole("heading", { level: 1, name: "greeting" }).waitFor();
    expect((await host.api.finished("greeting")).run.state).toBe("succeeded");
  });

  test("is exchanged while its page is open, and rolled back", async ({ page, host }) => {
    await host.api.push(component("flow"));
    await page.goto("/modules/flow?tab=versions");
    const row = (version: string) => page.getByRole("row", { name: new RegExp(`^${version}`) });
    await row("0.1.0").getByText("active").waitFor();
    await page.getByRole("status").getByText("Live").waitFor();

    await host.api.push(version("flow", "0.1.1", ["Greets somebody.", "Greets everybody"]));
    await row("0.1.1").getByText("active").waitFor();
    await row("0.1.0").getByText("ready").waitFor();

    await row("0.1.0").getByRole("button", { name: "Roll back to 0.1.0" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back to 0.1.0" }).click();
    await row("0.1.0").getByText("active").waitFor();
  });
});
