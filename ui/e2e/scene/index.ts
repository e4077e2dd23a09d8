/** A host at work, as a small company might have it: what the pictures of the documentation show. */

import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "../harness/client";
import type { Host } from "../harness/host";
import { ROOT } from "../harness/places";
import { push } from "./modules";

const EXAMPLES = ["hello", "weather", "heat"] as const;
const OWN = ["stock", "reconcile", "invoices", "forecast"] as const;

const here = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8");
const WEATHER = join(ROOT, "examples/data/seattle-weather.csv");

/** The runs that pictures show. */
export interface Scene {
  /** It goes on. */
  forecast: string;
  stock: string;
  weather: string;
  failed: string;
  invoices: string;
}

export async function play(host: Host): Promise<Scene> {
  const { api } = host;
  await push(api);
  await access(api);
  await deploy(host);
  await everyday(host);
  return shown(api);
}

async function access(api: Client) {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  await api.makeToken("grafana", "viewer");
  await api.makeToken("ci", "publisher");
  await api.makeToken("night-shift", "operator");
  await api.post("/api/v1/tokens", { name: "auditor", role: "viewer", expires_at: tomorrow });
  await api.makeToken("laptop-of-ada", "admin");
  await api.ask("DELETE", "/api/v1/tokens/laptop-of-ada");
  for (const name of ["bank_hook", "shop_hook"]) {
    await api.setSecret(
      name,
      `whsec_${Buffer.from(`${name} of the pictures, no secret`).toString("base64")}`,
    );
  }
  await api.setSecret("smtp_password", "correct horse");
  await api.setSecret("erp_token", "battery");
  await api.ask("PUT", "/api/v1/secrets/erp_token", { value: "staple", keep_previous_s: 86_400 });
}

async function deploy(host: Host) {
  // Builds their modules where that is not done yet.
  for (const name of EXAMPLES) host.command("deploy", `examples/pipelines/${name}.toml`);
  const { api } = host;
  const publisher = api.as(await api.makeToken("bookkeeping", "publisher"));
  for (const name of OWN) {
    const text = here(`${name}.toml`);
    // Somebody has worked on it since.
    if (name === "invoices") await publisher.deploy(earlier(text));
    await publisher.deploy(text);
  }
}

/** The invoices before large ones were reviewed. */
function earlier(text: string): string {
  return text
    .replace("max_attempts = 3", "max_attempts = 2")
    .replace("max_parallel = 4\n", "")
    .replace('\nneeds = ["reminder", "price_list"]', '\nneeds = ["price_list"]')
    .replace(/\n\[steps\.reminder\]\n(.+\n)+/, "")
    .replace('catch_up = "latest"\n', "");
}

/** Runs of all sorts, some of them started by what happens outside. */
async function everyday(host: Host) {
  const { api } = host;
  const csv = readFileSync(WEATHER, "utf8");
  const weather = await api.file("seattle-weather.csv", csv);
  const damaged = await api.file("seattle-weather.csv", csv.replace(/^(.*\n){9}/gm, "$&9,,,\n"));
  const counts = await api.file("counts.csv", "shop,article,count\n1,apples,12\n2,pears,7\n");
  const operator = api.as(await api.makeToken("ada", "operator"));
  await inbox(host);

  const rounds: (() => Promise<unknown>)[] = [];
  for (let round = 0; round < 8; round += 1) {
    rounds.push(
      () => operator.finished("weather", { csv: weather, threshold: 26 + round }),
      () => operator.finished("invoices", { limit: round % 3 === 0 ? 1_000 : 2_000, note: "month's end" }),
      () => operator.finished("reconcile", { refused: round % 3 === 1 ? [4103] : [], turns: work(round) }),
      () => operator.finished("stock", { counts, closed: round === 5 ? [3, 11] : [] }),
      () => api.hook("orders", `order ${4711 + round}`).then((run) => api.ended(run)),
    );
    if (round % 2 === 0)
      rounds.push(() => operator.finished("forecast", { hours: 336, regions: [1, 2, 3, 5] }));
    if (round % 3 === 0) rounds.push(() => operator.finished("heat", { csv: weather }));
    if (round % 4 === 0) rounds.push(() => operator.finished("hello", { name: "Ada" }));
  }
  rounds.splice(9, 0, () => operator.finished("weather", { csv: damaged }));
  rounds.splice(20, 0, () => cancelled(operator));
  for (const start of rounds) await start();
}

/** How long a run computes: never the same, never at random. */
const work = (round: number) => 40_000_000 * (1 + ((round * 7) % 5));

async function inbox({ folder }: Host) {
  const inbox = join(folder, "inbox");
  await mkdir(inbox, { recursive: true });
  for (const day of ["monday", "tuesday"]) {
    await writeFile(join(folder, day), "shop,article,count\n1,apples,9\n");
    await rename(join(folder, day), join(inbox, `counts-${day}.csv`));
  }
}

async function cancelled(api: Client) {
  const run = await api.start("forecast");
  await running(api, run);
  await api.cancel(run);
  await api.ended(run);
}

const running = (api: Client, run: string) =>
  api.until(run, ({ steps }) => {
    const state = (name: string) => steps.find((step) => step.name === name)?.state;
    return state("simulated") === "running" && state("compared") === "succeeded";
  });

/** The runs that pictures show, the latest of all. Those that go on began first. */
async function shown(api: Client): Promise<Scene> {
  const csv = await api.file("seattle-weather.csv", readFileSync(WEATHER));
  const counts = await api.file("counts.csv", "shop,article,count\n1,apples,12\n2,pears,7\n");
  const forecast = await api.start("forecast");
  await running(api, forecast);
  // The second one waits for the first.
  await api.hook("forecast", "new prices");
  await api.hook("forecast", "newer prices");
  const stock = await api.finished("stock", { counts });
  const weather = await api.finished("weather", { csv, threshold: 28 });
  const failed = await api.finished("reconcile", { refused: [4102, 4105] });
  const invoices = await api.finished("invoices", { limit: 2_000, note: "month's end" });
  return {
    forecast,
    stock: stock.run.id,
    weather: weather.run.id,
    failed: failed.run.id,
    invoices: invoices.run.id,
  };
}
