/**
 * Brings what is kept of the host up to what was heard of it. An answer that is on its way meanwhile may be older than
 * that: what was heard is then applied to it, too.
 */

import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";
import { withRun } from "@/runs/filter";
import type { Api } from "./client";
import type { RunFilter } from "./queries";

/** Asks again for what is shown. */
export function refresh(queries: QueryClient, filters: QueryFilters = {}) {
  for (const query of queries.getQueryCache().findAll(filters)) {
    // All that was answered before is asked for anew at once; the first answer is waited for.
    if (query.state.data === undefined) {
      behindAnswer(query, () => queries.invalidateQueries({ queryKey: query.queryKey, exact: true }));
    }
  }
  void queries.invalidateQueries(filters);
}

/** Changes a run in the lists that are kept: asking for all pages of a long one would take long. */
export function changeRun(queries: QueryClient, run: Api<"RunSummary">) {
  for (const query of queries.getQueryCache().findAll({ queryKey: ["runs", "list"] })) {
    const filter = query.queryKey[2] as RunFilter;
    const change = () =>
      queries.setQueryData<Parameters<typeof withRun>[0]>(query.queryKey, (pages) =>
        pages ? withRun(pages, filter, run) : pages,
      );
    change();
    behindAnswer(query, change);
  }
}

/** Calls when the answer that is on its way is there; not if none is. */
function behindAnswer(query: Query, call: () => unknown) {
  if (query.state.fetchStatus !== "idle") query.fetch().then(call, () => undefined);
}
