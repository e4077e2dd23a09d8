/** Which pictures there are: where each is taken, and what is done there first. */

import type { Page } from "playwright-core";
import { PHONE } from "../harness/browser";
import type { Scene } from ".";

export interface Shot {
  name: string;
  path: string;
  /** What is opened or typed; it ends when that is to be seen. */
  act?: (page: Page) => Promise<unknown>;
  /** How wide the panel of a step is, in parts of a hundred. */
  panel?: number;
  viewport?: typeof PHONE;
}

export function shotsOf({ forecast, stock, weather, failed, invoices }: Scene): Shot[] {
  return [
    { name: "home", path: "/" },
    { name: "pipelines", path: "/pipelines" },
    { name: "pipeline", path: "/pipelines/invoices" },
    { name: "pipeline-step", path: "/pipelines/invoices?step=checked" },
    { name: "grid", path: "/pipelines/invoices?tab=grid" },
    { name: "durations", path: "/pipelines/reconcile?tab=durations" },
    { name: "pipeline-triggers", path: "/pipelines/invoices?tab=triggers&trigger=invoices%2Fshop" },
    { name: "definition", path: "/pipelines/invoices?tab=definition", act: misspell },
    { name: "revisions", path: "/pipelines/invoices?tab=revisions&revision=2&against=1" },
    { name: "run-now", path: "/pipelines/weather?start=true" },
    { name: "runs", path: "/runs" },
    { name: "run", path: `/runs/${forecast}?step=trained`, panel: 36 },
    { name: "failure", path: `/runs/${failed}?step=fetched`, panel: 36 },
    { name: "condition", path: `/runs/${invoices}?step=reviewed`, panel: 36 },
    { name: "timeline", path: `/runs/${weather}?tab=timeline` },
    { name: "steps", path: `/runs/${weather}?tab=steps` },
    { name: "logs", path: `/runs/${stock}?tab=logs` },
    { name: "events", path: `/runs/${invoices}?tab=events` },
    { name: "output-tree", path: `/runs/${weather}?step=extremes&part=output&view=tree` },
    { name: "output-table", path: `/runs/${weather}?step=monthly&part=output&view=table`, panel: 62 },
    { name: "report", path: `/runs/${weather}?step=report&part=output&view=files`, panel: 62 },
    { name: "modules", path: "/modules" },
    { name: "module", path: "/modules/weather" },
    { name: "module-versions", path: "/modules/notify?tab=versions" },
    { name: "triggers", path: "/triggers" },
    { name: "secrets", path: "/secrets" },
    { name: "tokens", path: "/tokens" },
    { name: "audit", path: "/audit" },
    { name: "settings", path: "/settings" },
    { name: "palette", path: "/", act: openPalette },
    { name: "phone-home", path: "/", viewport: PHONE },
    { name: "phone-runs", path: "/runs", viewport: PHONE },
    { name: "phone-run", path: `/runs/${forecast}`, viewport: PHONE },
  ];
}

async function misspell(page: Page) {
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByText('"ledger/people"').click();
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.type('s"');
  await page.getByText("has no step `peoples`").first().waitFor();
}

async function openPalette(page: Page) {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Go to a view/).fill("in");
}
