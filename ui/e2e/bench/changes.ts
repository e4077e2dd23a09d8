/** How soon a page shows what was committed. */

import type { Api } from "@/api/client";
import type { Page } from "../harness";
import type { Client } from "../harness/client";
import { chain } from "../harness/pipelines";
import { type Seen, statesSeen, watchStates } from "../harness/seen";
import { type Measured, percentile, type Section } from "./report";

const BOUND_MS = 500;
/** Each is queued, runs and succeeds. */
const LISTED_RUNS = 36;
/** So few that all of them are in view. */
const STAGES = 6;
const WATCHED_RUNS = 6;

export const CHANGES = {
  title: "A change of state",
  how: `From the time that the journal tells of the change (host and browser share a clock) until a \`MutationObserver\` sees it
in the page. In the list of runs: that runs begin and end. In the view of a run, in its graph: that steps begin and end. A
state that was over before the page could show it counts as seen with the next one.`,
  measured: [],
} satisfies Section;

/** What has to be seen, in one of these states. */
interface Committed {
  name: string;
  states: string[];
  at: number;
}

export async function measureChanges(page: Page, api: Client): Promise<Measured[]> {
  const work = 'use = "flow/turn"\nconfig.millions = 200\ncache = false';
  await api.deploy(`name = "short"\n${chain("stage", 2, work)}`);
  await api.deploy(`name = "staged"\n${chain("stage", STAGES, work)}`);
  await watchStates(page);
  return [
    ...told("list of runs", await delaysInList(page, api)),
    ...told("view of a run", await delaysInRun(page, api)),
  ];
}

function told(where: string, delays: number[]): Measured[] {
  if (delays.length < 30) throw new Error(`Only ${delays.length} changes were seen in the ${where}`);
  const of = `${delays.length} changes`;
  return [
    { subject: `${where}, median`, value: percentile(delays, 0.5), unit: "ms", remark: of },
    {
      subject: `${where}, 95th percentile`,
      value: percentile(delays, 0.95),
      most: BOUND_MS,
      unit: "ms",
      remark: of,
    },
    { subject: `${where}, longest`, value: Math.max(...delays), unit: "ms", remark: of },
  ];
}

async function delaysInList(page: Page, api: Client): Promise<number[]> {
  await api.finished("short");
  await page.goto("/runs");
  await page.locator("[data-run]").first().waitFor();
  const runs: string[] = [];
  for (let index = 0; index < LISTED_RUNS; index += 1) {
    const run = await api.start("short");
    runs.push(run);
    // Some at once, some one after the other, as it comes.
    if (index % 3 === 2) await Promise.all(runs.map((one) => api.ended(one)));
  }
  await page.waitForTimeout(1_000);
  const seen = await statesSeen(page);
  const committed: Committed[] = [];
  for (const run of runs) {
    for (const event of await journal(api, run)) {
      const at = Date.parse(event.at);
      if (event.event === "run_created") {
        committed.push({ name: run, states: ["queued", "running", "succeeded"], at });
      } else if (event.event === "run_finished") committed.push({ name: run, states: [event.state], at });
    }
  }
  return delays(committed, seen);
}

async function delaysInRun(page: Page, api: Client): Promise<number[]> {
  const all: number[] = [];
  for (let round = 0; round < WATCHED_RUNS; round += 1) {
    const run = await api.start("staged");
    await page.goto(`/runs/${run}`);
    await page.locator(".react-flow__node").first().waitFor();
    const loaded = Date.now();
    await api.ended(run);
    await page.waitForTimeout(1_000);
    const committed = (await journal(api, run)).flatMap((event): Committed[] => {
      const at = Date.parse(event.at);
      if (at < loaded) return [];
      if (event.event === "attempt_started")
        return [{ name: event.step, states: ["running", "succeeded"], at }];
      return event.event === "attempt_succeeded" ? [{ name: event.step, states: ["succeeded"], at }] : [];
    });
    all.push(...delays(committed, await statesSeen(page)));
  }
  return all;
}

/** What was never seen took for ever. */
function delays(committed: Committed[], seen: Seen[]): number[] {
  return committed.map(({ name, states, at }) => {
    const first = seen.find((one) => one.name === name && states.includes(one.state));
    return first ? first.at - at : Number.POSITIVE_INFINITY;
  });
}

async function journal(api: Client, run: string): Promise<Api<"EventView">[]> {
  const { events } = await api.get<{ events: Api<"EventView">[] }>(`/api/v1/runs/${run}/events?limit=200`);
  return events;
}
