/** What a role does not allow is not offered: nor would the host do it. */

import type { Api } from "@/api/client";
import { expect, type Host, type Page, scenarios, test } from "./harness";
import { everySort, type Scene } from "./harness/scene";
import { settled } from "./harness/views";

/** Buttons and links that do something, and the least role that may. */
const DEEDS: { path: (scene: Scene) => string; deed: string | RegExp; needs: Api<"Role"> }[] = [
  { path: () => "/pipelines/choice", deed: "Run now", needs: "operator" },
  { path: () => "/pipelines/nightly", deed: /^(Pause|Resume)$/, needs: "operator" },
  { path: () => "/pipelines/choice?tab=definition", deed: "Edit", needs: "publisher" },
  { path: () => "/pipelines/choice", deed: "More", needs: "publisher" },
  { path: ({ running }) => `/runs/${running}`, deed: "Cancel run", needs: "operator" },
  { path: ({ failed }) => `/runs/${failed}`, deed: "Rerun …", needs: "operator" },
  { path: ({ failed }) => `/runs/${failed}?step=parse`, deed: /^Rerun from here/, needs: "operator" },
  { path: () => "/modules", deed: /^(Choose|Upload)/, needs: "publisher" },
  { path: () => "/secrets", deed: /^(Set|New) .*secret|^Set a secret/i, needs: "admin" },
];

const ROLES: Api<"Role">[] = ["viewer", "operator", "publisher", "admin"];

let built: Promise<Scene> | undefined;
const sceneOf = (host: Host) => {
  built ??= everySort(host.api);
  return built;
};

const offers = async (page: Page, deed: string | RegExp) =>
  (await page
    .getByRole("main")
    .getByRole("button", { name: deed, exact: typeof deed === "string" })
    .count()) +
    (await page
      .getByRole("main")
      .getByRole("link", { name: deed, exact: typeof deed === "string" })
      .count()) >
  0;

scenarios("roles", () => {
  for (const role of ROLES) {
    test(`${role}: is offered what it may do, and no more`, async ({ open, host }) => {
      const scene = await sceneOf(host);
      const page = await open({ token: await host.api.makeToken(`a_${role}`, role) });
      for (const { path, deed, needs } of DEEDS) {
        await page.goto(path(scene));
        await settled(page);
        const may = ROLES.indexOf(role) >= ROLES.indexOf(needs);
        await expect.poll(() => offers(page, deed), { message: `${deed} at ${path(scene)}` }).toBe(may);
      }
      const views = page.getByRole("navigation", { name: "Views" });
      for (const name of ["Tokens", "Audit"]) {
        expect(await views.getByRole("link", { name }).count(), name).toBe(role === "admin" ? 1 : 0);
      }
    });
  }

  test("a viewer who asks for more by the address is told why not", async ({ open, host, watch }) => {
    watch.allow(/status of 403/);
    const page = await open({ token: await host.api.makeToken("curious", "viewer") });
    await page.goto("/tokens");
    await page.getByText(/admin/).first().waitFor();
    expect(await page.getByText("stpm_").count()).toBe(0);
  });
});
