/** Keeps what is shown as it is on the host: hears what changes, and asks again for what that touches. */

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Api } from "./client";
import { changeRun, refresh } from "./refresh";
import { openStream } from "./stream";

/** Lists are asked for at most this often, however many runs begin and end. */
const LIST_MS = 400;
/** The first parts of the keys of what the host tells changes of. */
const TOLD: ReadonlySet<unknown> = new Set(["runs", "triggers", "modules", "pipelines"]);

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

let mustReload = false;

/** Loads the page anew when changes arrive again. */
export function reloadWhenConnected() {
  mustReload = true;
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
    refresh(queries, { queryKey: ["runs"], predicate: ({ queryKey }) => queryKey[1] !== "list" });
    refresh(queries, { queryKey: ["triggers"] });
  });
  let opened = false;
  return openStream({
    url: "/api/v1/runs/live",
    events: ["run", "deployed", "reload"],
    onState: (now) => {
      if (now && mustReload) {
        // Who reads "live" sees a whole page.
        window.location.reload();
        return;
      }
      if (now) {
        // What happened before was not heard. A page that has just been loaded is only behind in what is told here.
        refresh(queries, opened ? {} : { predicate: ({ queryKey }) => TOLD.has(queryKey[0]) });
        opened = true;
      }
      tell(now);
    },
    onEvent: (name, data) => {
      if (name === "run") {
        const run = JSON.parse(data) as Api<"RunSummary">;
        refresh(queries, { queryKey: ["run", run.id], exact: true });
        changeRun(queries, run);
        refreshRuns();
      } else if (name === "deployed") {
        for (const key of ["modules", "pipelines", "triggers"]) refresh(queries, { queryKey: [key] });
      } else {
        refresh(queries);
      }
    },
  });
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
