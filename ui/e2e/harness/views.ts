/** All views, as addresses of a host with a scene. */

import type { Page } from "playwright-core";
import type { Scene } from "./scene";

export interface View {
  name: string;
  path: string;
}

export function viewsOf(scene: Scene): View[] {
  const run = (id: string, rest = "") => `/runs/${id}${rest}`;
  return [
    { name: "home", path: "/" },
    { name: "pipelines", path: "/pipelines" },
    { name: "pipeline", path: "/pipelines/choice" },
    { name: "pipeline-grid", path: "/pipelines/fan_out?tab=grid" },
    { name: "pipeline-durations", path: "/pipelines/fan_out?tab=durations" },
    { name: "pipeline-triggers", path: "/pipelines/nightly?tab=triggers" },
    { name: "pipeline-definition", path: "/pipelines/choice?tab=definition" },
    { name: "pipeline-revisions", path: "/pipelines/choice?tab=revisions" },
    { name: "pipeline-start", path: "/pipelines/orders?start=true" },
    { name: "pipeline-new", path: "/pipelines/new" },
    { name: "runs", path: "/runs" },
    { name: "run", path: run(scene.choice) },
    { name: "run-failed", path: run(scene.failed, "?step=parse") },
    { name: "run-timeline", path: run(scene.fanOut, "?tab=timeline") },
    { name: "run-steps", path: run(scene.failed, "?tab=steps") },
    { name: "run-logs", path: run(scene.orders, "?tab=logs") },
    { name: "run-events", path: run(scene.failed, "?tab=events") },
    { name: "run-params", path: run(scene.orders, "?tab=params") },
    { name: "run-output", path: run(scene.orders, "?step=prices&part=output") },
    { name: "run-items", path: run(scene.fanOut, "?step=load&part=items") },
    { name: "run-live", path: run(scene.running) },
    { name: "modules", path: "/modules" },
    { name: "module", path: "/modules/flow" },
    { name: "module-versions", path: "/modules/flow?tab=versions" },
    { name: "triggers", path: "/triggers?open=nightly/yearly" },
    { name: "secrets", path: "/secrets" },
    { name: "tokens", path: "/tokens" },
    { name: "audit", path: "/audit" },
    { name: "settings", path: "/settings" },
  ];
}

/** Waits until nothing is loaded any more and nothing moves. */
export async function settled(page: Page) {
  // A dialog hides it from who cannot see, and a sheet on a phone from everybody.
  await page.locator("h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(
    () =>
      !document.querySelector('[role="status"][aria-label="Loading"]') &&
      document.getAnimations().every((animation) => animation.effect?.getTiming().iterations === Infinity),
  );
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
