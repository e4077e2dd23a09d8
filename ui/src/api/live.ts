/** Keeps what is shown as it is on the host: hears what changes, and asks again for what that touches. */

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { withRun } from "@/runs/filter";
import type { Api } from "./client";
import type { RunFilter } from "./queries";
import { openStream } from "./stream";

/** Lists are asked for at most this often, however many runs begin and end. */
const LIST_MS = 400;

const listeners = new Set<() => void>();
let connected: boolean | undefined;

/** Whether changes arrive; `undefined` before it was tried. */
export function isConnected(): boolean | undefined {
  return connected;
}

export function useConnected(): boolean | undefined {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isConnected);
}

/** Calls once when changes arrive again. */
export function whenConnected(call: () => void) {
  const listener = () => {
    if (!connected) return;
    listeners.delete(listener);
    call();
  };
  listeners.add(listener);
}

function tell(now: boolean) {
  if (connected !== now) {
    connected = now;
    for (const told of listeners) told();
  }
}

/** Follows the host until the returned function is called. */
export function followHost(queries: QueryClient): () => void {
  const refreshRuns = atMostEvery(LIST_MS, () => {
    // Long lists are changed in place, below: asking for all their pages again would take long.
    void queries.invalidateQueries({
      queryKey: ["runs"],
      predicate: ({ queryKey }) => queryKey[1] !== "list",
    });
    void queries.invalidateQueries({ queryKey: ["triggers"] });
  });
  let opened = false;
  return openStream({
    url: "/api/v1/runs/live",
    events: ["run", "deployed", "reload"],
    onState: (now) => {
      // What happened meanwhile was not heard.
      if (now && opened) void queries.invalidateQueries();
      opened ||= now;
      tell(now);
    },
    onEvent: (name, data) => {
      if (name === "run") {
        const run = JSON.parse(data) as Api<"RunSummary">;
        void queries.invalidateQueries({ queryKey: ["run", run.id], exact: true });
        changeLists(queries, run);
        refreshRuns();
      } else if (name === "deployed") {
        for (const key of ["modules", "pipelines", "triggers"]) {
          void queries.invalidateQueries({ queryKey: [key] });
        }
      } else {
        void queries.invalidateQueries();
      }
    },
  });
}

function changeLists(queries: QueryClient, run: Api<"RunSummary">) {
  for (const { queryKey } of queries.getQueryCache().findAll({ queryKey: ["runs", "list"] })) {
    queries.setQueryData<Parameters<typeof withRun>[0]>(queryKey, (pages) =>
      pages ? withRun(pages, queryKey[2] as RunFilter, run) : pages,
    );
  }
}

/** Calls at once, then at most once in each `pause`; the last call is never lost. */
export function atMostEvery(pause: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const run = () => {
    call();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        run();
      }
    }, pause);
  };
  return () => {
    if (timer === undefined) run();
    else again = true;
  };
}
