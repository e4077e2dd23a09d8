/** Puts onto an empty host what there is to be seen. */

import type { Client } from "./client";
import { component } from "./modules";
import * as pipelines from "./pipelines";

const TEXTS = {
  orders: pipelines.ORDERS,
  import: pipelines.IMPORT,
  flaky: pipelines.FLAKY,
  choice: pipelines.CHOICE,
  slow: pipelines.SLOW,
  fan_out: pipelines.FAN_OUT,
  hooked: pipelines.HOOKED,
  nightly: pipelines.SCHEDULED,
  wide: pipelines.wide(1_000),
} as const;

export type PipelineName = keyof typeof TEXTS;

/** Uploads both modules, and deploys these pipelines. */
export async function deploy(api: Client, ...names: PipelineName[]) {
  const { modules } = await api.get<{ modules: { name: string }[] }>("/api/v1/modules");
  for (const guest of ["flow", "behaviours"] as const) {
    if (!modules.some(({ name }) => name === guest)) await api.push(component(guest));
  }
  for (const name of names) await api.deploy(TEXTS[name]);
}

/** A run of each sort, and a name of each: enough for every view to have something in it. */
export async function everySort(api: Client) {
  await deploy(api, "orders", "import", "flaky", "choice", "slow", "fan_out", "hooked", "nightly");
  await api.setSecret("smtp_password", "hunter2");
  await api.makeToken("dashboards", "viewer");
  const csv = await api.file("orders.csv", "id,price\n1,20\n2,30\n");
  const [orders, failed, choice, fanOut, hooked, running] = await Promise.all([
    api.finished("orders", { csv }),
    api.finished("import"),
    api.finished("choice"),
    api.finished("fan_out"),
    api.hook("orders", "two apples").then((run) => api.ended(run)),
    api.start("slow").then((run) => api.until(run, ({ steps }) => steps[1]?.state === "running")),
  ]);
  return {
    orders: orders.run.id,
    failed: failed.run.id,
    choice: choice.run.id,
    fanOut: fanOut.run.id,
    hooked: hooked.run.id,
    running: running.run.id,
  };
}

export type Scene = Awaited<ReturnType<typeof everySort>>;
