/** How soon somebody can work with a graph of a thousand steps. */

import type { Page } from "../harness";
import type { Client } from "../harness/client";
import { stepName } from "../harness/pipelines";
import { SHAPES, type Shape, STEPS } from "./graphs";
import type { Measured, Section } from "./report";
import { longest, tasksOf, watchTasks } from "./tasks";

const ROUNDS = 3;

export const GRAPH = {
  title: "A graph of 1,000 steps",
  how: `From the beginning of the navigation (a whole load of the page, by its address) until a step was painted, was clicked
on where it lies, and its panel was painted: whatever keeps the page busy is in it. Cold: nothing is in the browser's cache,
and what draws graphs has to be loaded, too. Warm: the same page once more. The chain has 999 edges, the fan leads from one
step through 998 to one, the layered graph has 40 layers and ${(1_500).toLocaleString("en")} edges by chance. Best of ${ROUNDS} rounds; the remark
tells the longest task until then.`,
  measured: [],
} satisfies Section;

interface Sample {
  ms: number;
  task: number;
}

export async function measureGraph(
  open: () => Promise<Page>,
  api: Client,
  add: (measured: Measured) => void,
): Promise<void> {
  for (const shape of Object.keys(SHAPES) as Shape[]) {
    await api.deploy(SHAPES[shape]);
    const { run } = await api.finished(shape);
    for (const [view, path] of [
      ["pipeline", `/pipelines/${shape}`],
      ["run", `/runs/${run.id}`],
    ] as const) {
      const [cold, warm]: [Sample[], Sample[]] = [[], []];
      for (let round = 0; round < ROUNDS; round += 1) {
        const page = await open();
        await watchTasks(page);
        await page.addInitScript(clickOn, stepName(0));
        cold.push(await timeToAnswer(page, path));
        warm.push(await timeToAnswer(page, path));
        await page.context().close();
      }
      add(judged(`${shape}, view of the ${view}, cold`, cold));
      add(judged(`${shape}, view of the ${view}, warm`, warm));
    }
  }
}

function judged(subject: string, samples: Sample[]): Measured {
  const best = samples.reduce((one, other) => (other.ms < one.ms ? other : one));
  const all = samples.map(({ ms }) => Math.round(ms).toLocaleString("en")).join(", ");
  return {
    subject,
    value: best.ms,
    most: 1_500,
    unit: "ms",
    remark: `longest task ${Math.round(best.task)} ms; rounds ${all}`,
  };
}

interface Answered {
  answered?: number;
}

async function timeToAnswer(page: Page, path: string): Promise<Sample> {
  await page.goto("about:blank");
  await page.goto(path, { waitUntil: "commit" });
  const handle = await page.waitForFunction(() => (window as unknown as Answered).answered, undefined, {
    timeout: 30_000,
  });
  const ms = Number(await handle.jsonValue());
  await page.waitForTimeout(50);
  return { ms, task: longest(await tasksOf(page)) };
}

/** Runs in the page: clicks on a step as soon as it was painted and nothing covers it, and notes when its panel was painted. */
function clickOn(step: string) {
  const painted = (then: () => void) => requestAnimationFrame(() => setTimeout(then));
  const click = () => {
    const node = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${step}"]`);
    const box = node?.getBoundingClientRect();
    const hit = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (hit instanceof HTMLElement && node?.contains(hit)) hit.click();
    else painted(click);
  };
  new MutationObserver((_, observer) => {
    if (!document.querySelector(`aside[aria-label="Step ${step}"]`)) return;
    observer.disconnect();
    painted(() => Object.assign(window, { answered: performance.now() }));
  }).observe(document, { subtree: true, childList: true, attributes: true });
  painted(click);
}

/** How long the page is kept busy by a run of a thousand quick steps that somebody looks at. */
export async function measureLiveRun(page: Page, api: Client): Promise<Measured[]> {
  const held = SHAPES.layered
    .replace('name = "layered"', 'name = "live"')
    .replace(
      'use = "flow/emit"\nconfig.value = 0',
      'use = "flow/turn"\nconfig.millions = 3000\ncache = false',
    );
  await api.deploy(held);
  const run = await api.start("live");
  await watchTasks(page);
  await page.goto(`/runs/${run}`);
  await page.locator(".react-flow__node").first().waitFor();
  const { steps } = await api.run(run);
  const before = await tasksOf(page);
  await api.ended(run);
  await page.getByRole("main").getByText("succeeded", { exact: true }).first().waitFor();
  await page.waitForTimeout(500);
  const tasks = (await tasksOf(page)).slice(before.length);
  const left = steps.filter(({ state }) => state === "waiting" || state === "running").length;
  return [
    {
      subject: `a run of ${STEPS.toLocaleString("en")} quick steps, watched in its graph: longest task`,
      value: longest(tasks),
      unit: "ms",
      remark: `${tasks.length} tasks over 50 ms, while ${left.toLocaleString("en")} steps ended`,
    },
  ];
}
