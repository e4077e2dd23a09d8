/** A hundred thousand runs, scrolled through. */

import type { Page } from "../harness";
import type { Client } from "../harness/client";
import type { Measured, Section } from "./report";
import { longest, tasksDuring, watchTasks } from "./tasks";

export const RUNS = 100_000;
const BOUND_MS = 100;
const ROUNDS = 3;

export const SCROLL = {
  title: `${RUNS.toLocaleString("en")} runs`,
  how: `The list of runs of a host that has so many. The wheel turns without a pause, 900 pixels (25 rows) at a time, down
through many pages, up again, and once more down and up while runs begin and end. The longest task that the browser tells
of meanwhile; best of ${ROUNDS} rounds. Memory is that of the page's JavaScript, behind a collection.`,
  measured: [],
} satisfies Section;

interface Round {
  down: number;
  up: number;
  live: number;
  row: number;
  memory: number;
}

export async function measureScroll(open: () => Promise<Page>, api: Client): Promise<Measured[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await open();
    rounds.push(await scrollThrough(page, api));
    await page.context().close();
  }
  const measured = (part: "down" | "up" | "live", how: string): Measured => {
    const all = rounds.map((round) => round[part]);
    return {
      subject: `longest task ${how}`,
      value: Math.min(...all),
      most: BOUND_MS,
      unit: "ms",
      remark: `rounds ${all.map(Math.round).join(", ")}; 0: none over 50 ms`,
    };
  };
  const rows = Math.max(...rounds.map(({ row }) => row)).toLocaleString("en");
  return [
    measured("down", "on the way down"),
    measured("up", "on the way up"),
    measured("live", "while runs begin and end"),
    {
      subject: "memory of the page behind it",
      value: Math.max(...rounds.map(({ memory }) => memory)) / 1e6,
      unit: "MB",
      remark: `with ${rows} rows loaded`,
    },
  ];
}

async function scrollThrough(page: Page, api: Client): Promise<Round> {
  await watchTasks(page);
  await page.goto("/runs");
  const list = page.getByRole("table", { name: "Runs" });
  await list.getByRole("row").nth(5).waitFor();
  // The first view of the page is no scrolling.
  await page.waitForTimeout(1_000);
  await list.hover();
  const down = await tasksDuring(page, () => wheel(page, 900, 15_000));
  const row = Number(await list.getByRole("row").last().getAttribute("aria-rowindex"));
  const up = await tasksDuring(page, () => wheel(page, -900, 5_000));
  const live = await tasksDuring(page, async () => {
    const started = keepStarting(api);
    await wheel(page, 900, 4_000);
    await wheel(page, -900, 4_000);
    await started.stop();
  });
  return { down: longest(down), up: longest(up), live: longest(live), row, memory: await memoryOf(page) };
}

async function wheel(page: Page, by: number, ms: number) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await page.mouse.wheel(0, by);
    await page.waitForTimeout(16);
  }
}

/** Lets five runs a second begin, each of which ends at once. */
function keepStarting(api: Client) {
  let going = true;
  const done = (async () => {
    while (going) {
      await api.start("import");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    stop: async () => {
      going = false;
      await done;
    },
  };
}

async function memoryOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Number.NaN;
}
