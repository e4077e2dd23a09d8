/** Follows a run while it goes on. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { atMostEvery } from "@/api/live";
import { queries } from "@/api/queries";
import { openStream } from "@/api/stream";
import { hasEnded } from "@/lib/states";
import { oneAtATime } from "./refresh";
import type { Progress } from "./status";

/** The run is asked for at most this often, so that changes show within half a second. */
const REFRESH_MS = 250;

/** What steps say of themselves is shown at most this often, however often they say it. */
const PROGRESS_MS = 200;

/** Keeps the run in the cache as it is on the host; returns how far its steps say that they are. */
export function useLiveRun(detail: Api<"RunDetail">): ReadonlyMap<string, Progress> {
  const cache = useQueryClient();
  const [progress, setProgress] = useState<ReadonlyMap<string, Progress>>(new Map());
  const { id } = detail.run;
  const live = !hasEnded(detail.run.state);
  // What the stream begins with; later on it knows itself where it is.
  const from = useRef(detail.events);
  from.current = detail.events;

  useEffect(() => {
    if (!live) return;
    const { queryKey } = queries.run(id);
    const refresh = atMostEvery(
      REFRESH_MS,
      oneAtATime(() => cache.invalidateQueries({ queryKey, exact: true })),
    );
    // The latest of each step since it was shown the last time.
    const said = new Map<string, Progress>();
    const show = atMostEvery(PROGRESS_MS, () => {
      const latest = [...said];
      said.clear();
      setProgress((before) => new Map([...before, ...latest]));
    });
    return openStream({
      url: `/api/v1/runs/${encodeURIComponent(id)}/events?from=${from.current}`,
      events: ["event", "end"],
      endsWith: "end",
      onEvent: (name, data) => {
        const event = name === "event" ? (JSON.parse(data) as Api<"EventView">) : undefined;
        if (event?.event === "progress") {
          const { step, done, total, message } = event;
          said.set(step, { done, total: total ?? undefined, message });
          show();
        } else if (event?.event !== "log") {
          refresh();
        }
      },
    });
  }, [cache, id, live]);

  return progress;
}
