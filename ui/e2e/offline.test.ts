/** The host goes away, and comes back: a page says so, and is as the host is again. */

import { expect, scenarios, test } from "./harness";
import { deploy } from "./harness/scene";

/** What a browser says of requests that reach nobody, and of those that met the host while it stopped. */
const GONE = /net::ERR_|status of (401|502|503)/;

scenarios("without the host", () => {
  test("a page says so, and goes on when it is back", async ({ page, host, watch }) => {
    watch.allow(GONE);
    await deploy(host.api, "import");
    const before = await host.api.finished("import");
    await page.goto("/runs");
    const runs = page.getByRole("table", { name: "Runs" });
    const row = (id: string) => runs.getByRole("row", { name: new RegExp(id.slice(-12)) });
    const connection = page.getByRole("status").filter({ hasText: /Live|Offline/ });
    await row(before.run.id).waitFor();
    await connection.getByText("Live").waitFor();

    await host.stop();
    await connection.getByText("Offline, trying again").waitFor();
    // What was known stays to be read; what was not says why it is not there.
    await row(before.run.id).waitFor();
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Secrets" }).click();
    await page.getByText("The host does not answer").first().waitFor();

    await host.restart();
    await connection.getByText("Live", { exact: true }).waitFor({ timeout: 20_000 });
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Runs" }).click();
    const after = await host.api.finished("import");
    await row(after.run.id).getByText("failed", { exact: true }).waitFor();
    expect(await page.getByRole("heading", { level: 1, name: "Runs" }).count()).toBe(1);
  });
});
