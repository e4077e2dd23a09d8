import { InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, expect, it, vi } from "vitest";
import type { Api } from "./client";
import { followHost, isConnected, reloadWhenConnected } from "./live";
import { queries } from "./queries";
import type { StreamOptions } from "./stream";

const stream = vi.hoisted(() => ({ options: undefined as StreamOptions | undefined }));
vi.mock("./stream", () => ({
  openStream: (options: StreamOptions) => {
    stream.options = options;
    return () => undefined;
  },
}));

function run(id: string, state: Api<"RunState"> = "running"): Api<"RunSummary"> {
  const steps = { waiting: 0, running: 0, succeeded: 1, failed: 0, skipped: 0, cancelled: 0 };
  return { id, pipeline: "weather", state, created_at: "2026-03-01T10:00:00Z", steps };
}

let cache: QueryClient;
/** What was asked and is not answered yet, in order. */
let asked: ((runs: Api<"RunSummary">[]) => void)[];

beforeEach(() => {
  cache = new QueryClient({ defaultOptions: { queries: { staleTime: 60_000, retry: false } } });
  asked = [];
  followHost(cache);
});

/** Shows the list of runs; returns the ids and states that are shown. */
function showRuns(): () => string[] {
  const queryFn = () =>
    new Promise<Api<"RunPage">>((resolve) => {
      asked.push((runs) => resolve({ runs }));
    });
  const observer = new InfiniteQueryObserver(cache, { ...queries.runs({}), queryFn });
  let shown: string[] = [];
  observer.subscribe(({ data }) => {
    shown = (data?.pages ?? []).flatMap(({ runs }) => runs.map(({ id, state }) => `${id} ${state}`));
  });
  return () => shown;
}

const open = () => stream.options?.onState?.(true);
const hear = (run: Api<"RunSummary">) => stream.options?.onEvent("run", JSON.stringify(run), "");
/** Answers the oldest question. */
async function answer(...runs: Api<"RunSummary">[]) {
  asked.shift()?.(runs);
  await new Promise((resolve) => setTimeout(resolve));
}

it("asks again for what was answered before the stream was open", async () => {
  const shown = showRuns();
  await answer(run("a"));
  expect(shown()).toEqual(["a running"]);
  open();
  await answer(run("b"), run("a"));
  expect(shown()).toEqual(["b running", "a running"]);
});

it("asks again for what was on its way when the stream was opened", async () => {
  const shown = showRuns();
  open();
  await answer(run("a"));
  await answer(run("b"), run("a"));
  expect(shown()).toEqual(["b running", "a running"]);
});

it("does not ask anew for a run that is shown, which has a stream of its own", async () => {
  const queryFn = vi.fn(async () => ({}) as Api<"RunDetail">);
  new QueryObserver(cache, { ...queries.run("a"), queryFn }).subscribe(() => undefined);
  await answer();
  open();
  await answer();
  expect(queryFn).toHaveBeenCalledTimes(1);
});

it("asks for everything that is shown when it comes back", async () => {
  const queryFn = vi.fn(async () => []);
  new QueryObserver(cache, { queryKey: ["secrets"], queryFn, staleTime: 60_000 }).subscribe(() => undefined);
  await answer();
  open();
  stream.options?.onState?.(false);
  expect(isConnected()).toBe(false);
  open();
  await answer();
  expect(isConnected()).toBe(true);
  expect(queryFn).toHaveBeenCalledTimes(2);
});

it("keeps a run that was heard of while the first answer was on its way", async () => {
  const shown = showRuns();
  hear(run("b"));
  await answer(run("a"));
  expect(shown()).toEqual(["b running", "a running"]);
});

it("keeps what was heard of runs while a later answer was on its way", async () => {
  const shown = showRuns();
  await answer(run("a"));
  void cache.refetchQueries({ queryKey: ["runs", "list"] });
  hear(run("b"));
  hear(run("b", "failed"));
  hear(run("a", "succeeded"));
  expect(shown()).toEqual(["b failed", "a succeeded"]);
  await answer(run("a"));
  expect(shown()).toEqual(["b failed", "a succeeded"]);
});

it("says that it is live only when a page that must be loaded anew is", () => {
  const reload = vi.fn();
  vi.stubGlobal("location", { reload });
  stream.options?.onState?.(false);
  reloadWhenConnected();
  open();
  expect(reload).toHaveBeenCalledTimes(1);
  expect(isConnected()).toBe(false);
  vi.unstubAllGlobals();
});
