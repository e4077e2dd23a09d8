/** Who gets in, and how. */

import { expect, scenarios, test } from "./harness";

/** A browser reports every answer of 401, also the one that says that nobody is logged in. */
const REFUSED = /status of 401/;

scenarios("logging in", () => {
  test("by the link that the first start prints", async ({ open, host }) => {
    const page = await open({ token: null });
    await page.goto(host.loginLink);
    await page.getByRole("button", { name: /log in/i }).click();
    await page.getByRole("heading", { level: 1, name: "Welcome to stepmill" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    expect(page.url()).not.toContain("stpm_");
  });

  test("by the token, at the address that was asked for", async ({ open, host, watch }) => {
    watch.allow(REFUSED);
    const page = await open({ token: null });
    await page.goto("/triggers");
    await page.getByLabel("Token").fill(host.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { level: 1, name: "Triggers" }).waitFor();
    await page.getByRole("status").getByText("Live").waitFor();

    // The session outlives a reload, and no script can read it.
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Triggers" }).waitFor();
    expect(await page.evaluate(() => document.cookie)).toBe("");
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(kept).not.toContain("stpm_");
  });

  test("not with a wrong token, which is said at its field", async ({ open, watch }) => {
    watch.allow(REFUSED);
    const page = await open({ token: null });
    await page.goto("/");
    await page.getByLabel("Token").fill("stpm_guessed");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect.poll(() => page.getByLabel("Token").getAttribute("aria-invalid")).toBe("true");
    const hint = await page.getByLabel("Token").getAttribute("aria-describedby");
    expect(await page.locator(`[id="${hint}"]`).textContent()).toMatch(/lets nobody in/);
  });

  test("and out again: nothing of what was shown stays", async ({ page, host, watch }) => {
    watch.allow(REFUSED);
    await host.api.setSecret("left_behind", "hunter2");
    await page.goto("/secrets");
    await page.getByText("left_behind").first().waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    expect(await page.locator("body").textContent()).not.toContain("left_behind");
    const answered = await page.request.get("/api/v1/session");
    expect(answered.status()).toBe(401);
  });

  test("a token that was revoked shows the login", async ({ open, host, watch }) => {
    watch.allow(REFUSED);
    const token = await host.api.makeToken("visitor", "viewer");
    const page = await open({ token });
    await page.goto("/runs");
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    await page.getByRole("status").getByText("Live").waitFor();
    await host.api.ask("DELETE", "/api/v1/tokens/visitor");
    // Nothing is clicked: whether the page still has its links depends on what it asks for at this moment.
    await page.getByRole("heading", { name: "Log in" }).waitFor({ timeout: 30_000 });
  });
});
