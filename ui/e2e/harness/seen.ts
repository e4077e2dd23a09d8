/** Which states a page showed, and when: also those that were over before a test could ask for them. */

import type { Page } from "playwright-core";

/** A state of a run or of a step, and when it was first there, in milliseconds since 1970. */
export interface Seen {
  name: string;
  state: string;
  at: number;
}

/** Has to be called before the page goes anywhere. Each page that it goes to begins with nothing. */
export const watchStates = (page: Page) => page.addInitScript(observe);

/** In the order in which they were there: runs of the list of runs, steps of the graph or of the list of steps. */
export const statesSeen = (page: Page): Promise<Seen[]> =>
  page.evaluate(() => (window as unknown as { seen: Seen[] }).seen);

/** Runs in the page. */
function observe() {
  const seen: Seen[] = [];
  const known = new Set<string>();
  Object.assign(window, { seen });
  const note = (name: string | undefined, state: string | null | undefined) => {
    if (!name || !state || known.has(`${name} ${state}`)) return;
    known.add(`${name} ${state}`);
    seen.push({ name, state, at: Date.now() });
  };
  const look = () => {
    for (const row of document.querySelectorAll<HTMLElement>("[data-run], [data-step]")) {
      const { run, step } = row.dataset;
      note(run ?? step, row.querySelector<HTMLElement>("[data-state]")?.dataset.state);
    }
    for (const node of document.querySelectorAll<HTMLElement>(".react-flow__node")) {
      note(node.dataset.id, node.querySelector("svg[role=img]")?.getAttribute("aria-label"));
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}
