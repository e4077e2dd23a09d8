/** Which runs are shown: what stands in the address, and what that asks the host for. */

import type { Api } from "@/api/client";
import type { RunFilter } from "@/api/queries";
import { RUN_STATES } from "@/lib/states";

/** The search parameters of the list of runs. */
export interface RunSearch {
  pipeline?: string;
  state?: Api<"RunState">;
  trigger?: string;
  text?: string;
  /** Not older than this. */
  within?: Within;
  /** RFC 3339; instead of `within`. */
  from?: string;
  until?: string;
}

export const WITHIN = {
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
} as const;
export type Within = keyof typeof WITHIN;

/** What of an address is understood. */
export function readSearch(search: Record<string, unknown>): RunSearch {
  const text = (key: string) => {
    const value = search[key];
    return typeof value === "string" || typeof value === "number"
      ? String(value).slice(0, 200) || undefined
      : undefined;
  };
  const time = (key: string) => {
    const value = text(key);
    return value && !Number.isNaN(Date.parse(value)) ? value : undefined;
  };
  const read: Record<keyof RunSearch, string | undefined> = {
    pipeline: text("pipeline"),
    state: RUN_STATES.find((state) => state === search.state),
    trigger: text("trigger"),
    text: text("text"),
    within: Object.keys(WITHIN).find((within) => within === search.within),
    from: time("from"),
    until: time("until"),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as RunSearch;
}

/** What the host is asked. Times are cut to minutes, so that the same list has the same key for a while. */
export function filterOf({ within, ...search }: RunSearch, now: number): RunFilter {
  if (!within) return search;
  const minute = Math.floor(now / 60_000) * 60_000;
  return { ...search, from: new Date(minute - WITHIN[within]).toISOString() };
}

/** Whether a filter shows a run; `undefined` if only the host can tell. */
export function shows(filter: RunFilter, run: Api<"RunSummary">): boolean | undefined {
  const created = Date.parse(run.created_at);
  if (filter.pipeline !== undefined && filter.pipeline !== run.pipeline) return false;
  if (filter.state !== undefined && filter.state !== run.state) return false;
  if (filter.trigger !== undefined && filter.trigger !== run.trigger) return false;
  if (filter.from !== undefined && created < Date.parse(filter.from)) return false;
  if (filter.until !== undefined && created >= Date.parse(filter.until)) return false;
  return filter.text === undefined ? true : undefined;
}

interface Pages {
  pages: Api<"RunPage">[];
  pageParams: unknown[];
}

/** Pages with a run as it is now: in its place, before all others if it is new, gone if the filter does not show it. */
export function withRun<P extends Pages>(pages: P, filter: RunFilter, run: Api<"RunSummary">): P {
  const shown = shows(filter, run);
  const known = pages.pages.some((page) => page.runs.some(({ id }) => id === run.id));
  if (!known && shown !== true) return pages;
  const changed = pages.pages.map((page, index) => {
    if (known) {
      if (!page.runs.some(({ id }) => id === run.id)) return page;
      const runs =
        shown === false
          ? page.runs.filter(({ id }) => id !== run.id)
          : page.runs.map((old) => (old.id === run.id ? run : old));
      return { ...page, runs };
    }
    return index === 0 ? { ...page, runs: [run, ...page.runs] } : page;
  });
  return { ...pages, pages: changed };
}
