/** A long log, opened and read to its end. */

import type { Page } from "../harness";
import type { Client } from "../harness/client";
import type { Measured } from "./report";
import { longest, tasksOf, watchTasks } from "./tasks";

/** A step keeps no more lines. */
const LINES = 10_000;
const STEPS = 10;

export async function measureLog(page: Page, api: Client): Promise<Measured[]> {
  const steps = Array.from(
    { length: STEPS },
    (_, index) => `[steps.chat_${index}]\nuse = "behaviours/chatters"\nconfig.lines = ${LINES}`,
  );
  await api.deploy(`name = "chatty"\n${steps.join("\n")}`);
  const { run } = await api.finished("chatty");
  await watchTasks(page);
  const from = Date.now();
  await page.goto(`/runs/${run.id}?tab=logs`);
  const line = page.getByRole("listitem").filter({ hasText: /line \d/ });
  await line.first().waitFor({ timeout: 30_000 });
  const first = Date.now() - from;
  const all = (LINES * STEPS).toLocaleString("en");
  await page
    .getByRole("listitem")
    .and(page.locator(`[aria-setsize="${LINES * STEPS}"]`))
    .first()
    .waitFor({ timeout: 60_000 });
  const whole = Date.now() - from;
  const tasks = await tasksOf(page);
  return [
    { subject: `a log of ${all} lines: until its first lines stand`, value: first, unit: "ms" },
    { subject: `a log of ${all} lines: until all are there`, value: whole, unit: "ms" },
    {
      subject: `a log of ${all} lines: longest task meanwhile`,
      value: longest(tasks),
      unit: "ms",
      remark: `${tasks.length} tasks over 50 ms`,
    },
  ];
}
