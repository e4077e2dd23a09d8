/** Whatever steps, modules and publishers write is text: none of it may ever run. */

import type { Api } from "@/api/client";
import { expect, type Host, type Page, scenarios, test } from "./harness";
import { component } from "./harness/modules";
import { settled } from "./harness/views";

/** Each would call the canary `X`, were it taken for markup, for a script or for an address. */
const MARKUP = `"><img src=x onerror=X()><svg onload=X()><script>X()</script><a href="javascript:X()">x</a>`;
/** As long as what they replace in a component. */
const DESCRIPTION = "<img src=x onerror=X()>..";
const MESSAGE = "<img src onerror=X()>";

const PAGE = `<!doctype html><title>x</title><h1>A report</h1>${MARKUP}
<script>parent.X?.(); top.X?.(); fetch("/api/v1/session")</script>
<form action="javascript:X()"><button autofocus onfocus="X()">x</button></form>
<meta http-equiv="refresh" content="0;url=https://example.com/">
<iframe srcdoc="<script>parent.X()</script>"></iframe>`;

const quoted = (text: string) => JSON.stringify(text);
const PIPELINE = `
name = "hostile"
description = ${quoted(MARKUP)}
[params]
page = { type = "file", description = ${quoted(MARKUP)} }
words = { type = "string", description = ${quoted(MARKUP)}, default = ${quoted(MARKUP)} }
data = { type = "json", default = { ${quoted(MARKUP)} = [${quoted(MARKUP)}] } }
[steps.says]
use = "behaviours/shout"
inputs.text = "params.words"
[steps.logs]
use = "behaviours/work_inline"
config = { label = ${quoted(MARKUP)}, turns = 1 }
[steps.files]
use = "behaviours/pair_files"
inputs.file = "params.page"
[steps.fails]
use = "behaviours/fail_for_good"
on_error = "continue"
[steps.asks]
use = "behaviours/noop"
when = ${quoted(`params.words == ${quoted(`${MARKUP}!`)}`)}
`;

async function scene({ api }: Host): Promise<string> {
  const changes: [string, string][] = [
    ["Does nothing, in a chain.", DESCRIPTION],
    ["the account is closed", MESSAGE],
  ];
  await api.push(component("behaviours", ...changes));
  await api.deploy(PIPELINE);
  const page = await api.file(`${MARKUP.replaceAll("/", "")}.html`, PAGE);
  const { run } = await api.finished("hostile", { page });
  return run.id;
}

/** Everything a person could point at is pointed at. */
async function look(page: Page, path: string) {
  await page.goto(path);
  await settled(page);
  for (const target of await page.locator("main button[aria-expanded=false]:visible").all()) {
    await target.click({ timeout: 1_000 }).catch(() => undefined);
  }
  expect(
    await page.locator("main img[src=x], main [onerror], main [onload], main [onfocus]").count(),
    path,
  ).toBe(0);
  expect(await page.locator('a[href^="javascript:" i]').count(), path).toBe(0);
}

scenarios("hostile text", () => {
  test("is shown as it is, wherever it comes from", { timeout: 90_000 }, async ({ open, host, watch }) => {
    const run = await scene(host);
    const page = await open();
    await page.context().exposeBinding("X", ({ frame }) => watch.complain(`executed in ${frame.url()}`));
    const views = [
      "/",
      "/pipelines",
      "/pipelines/hostile",
      "/pipelines/hostile?start=true",
      "/pipelines/hostile?tab=definition",
      "/pipelines/hostile?tab=revisions",
      "/pipelines/hostile?tab=grid",
      "/modules/behaviours",
      "/runs",
      `/runs/${run}`,
      `/runs/${run}?tab=logs`,
      `/runs/${run}?tab=events`,
      `/runs/${run}?tab=timeline`,
      `/runs/${run}?tab=params&value=words`,
      `/runs/${run}?tab=params&value=data`,
      `/runs/${run}?tab=params&value=page`,
      `/runs/${run}?step=says&part=output`,
      `/runs/${run}?step=logs&part=logs`,
      `/runs/${run}?step=fails`,
      `/runs/${run}?step=asks`,
      "/audit",
    ];
    for (const path of views) await look(page, path);

    // It was there to be seen.
    await page.goto(`/runs/${run}?step=logs&part=logs`);
    await page.getByRole("complementary").getByText("<script>X()</script>").first().waitFor();
    await page.goto(`/runs/${run}?step=fails`);
    await page.getByRole("complementary").getByText(MESSAGE).first().waitFor();
    await page.goto("/modules/behaviours");
    await page.getByText(DESCRIPTION).first().waitFor();
  });

  test("in a page that a step made can do nothing, and lead nowhere", async ({ open, host, watch }) => {
    // The browser says what it has stopped.
    watch.allow(/Blocked script execution|Content Security Policy|sandboxed|^policy:/);
    watch.allow(/status of 404.*\/x\b/);
    const { runs } = await host.api.get<Api<"RunPage">>("/api/v1/runs?pipeline=hostile");
    const run = runs[0]?.id ?? (await scene(host));
    const page = await open();
    await page.context().exposeBinding("X", ({ frame }) => watch.complain(`executed in ${frame.url()}`));
    await page.goto(`/runs/${run}?step=files&part=output&view=files`);
    const frame = page.frameLocator("iframe");
    await frame.getByRole("heading", { name: "A report" }).waitFor();
    await frame
      .getByRole("button")
      .first()
      .click({ timeout: 2_000 })
      .catch(() => undefined);
    expect(await page.locator("iframe").getAttribute("sandbox")).toBe("");
    expect(page.frames().every((frame) => !frame.url().startsWith("https:"))).toBe(true);
    expect(new URL(page.url()).pathname).toBe(`/runs/${run}`);
  });

  test("of names is refused by the host, and where it is wrong it is said", async ({ page, watch }) => {
    watch.allow(/status of 422/);
    await page.goto("/tokens");
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog", { name: "New token" });
    await dialog.getByLabel("Name").fill("<img>");
    await dialog.getByRole("button", { name: "Make token" }).click();
    await dialog.getByText(/a token's name has/).waitFor();
  });
});
