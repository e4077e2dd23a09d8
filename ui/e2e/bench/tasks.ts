/** How long a page was busy at a stretch: the browser tells of every task over 50 ms. */

import type { Page } from "../harness";

interface Watched {
  longTasks: number[];
}

/** Has to be called before the page goes anywhere. */
export async function watchTasks(page: Page) {
  await page.addInitScript(() => {
    const longTasks: number[] = [];
    Object.assign(window, { longTasks });
    new PerformanceObserver((list) => {
      longTasks.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask" });
  });
}

/** Does something, and says how long the long tasks were meanwhile. */
export async function tasksDuring(page: Page, work: () => Promise<unknown>): Promise<number[]> {
  const count = () => page.evaluate(() => (window as unknown as Watched).longTasks.length);
  const before = await count();
  await work();
  // They are told a moment after they have ended.
  await page.waitForTimeout(200);
  return page.evaluate((from) => (window as unknown as Watched).longTasks.slice(from), before);
}

/** Those since the page was opened. */
export function tasksOf(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as Watched).longTasks);
}

export const longest = (tasks: readonly number[]) => Math.max(0, ...tasks);
