/** What can be asked of the host, each with its key in the cache. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, answer, api, ProblemError } from "./client";

/** Which runs a list shows. All of it stands in the address. */
export interface RunFilter {
  pipeline?: string;
  state?: Api<"RunState">;
  trigger?: string;
  from?: string;
  until?: string;
  text?: string;
}

/** How soon a page notices that its session has ended. */
const SESSION_MS = 10_000;
/** How many rows a page of a long list has. */
const PAGE = 100;
/** The most events that the host answers at once. */
const EVENTS = 200;

export const queries = {
  session: () =>
    queryOptions({
      queryKey: ["session"],
      // Not being logged in is an answer, too.
      queryFn: async () => {
        try {
          return await answer(api.GET("/api/v1/session"));
        } catch (error) {
          if (error instanceof ProblemError && error.status === 401) return null;
          throw error;
        }
      },
      staleTime: 60_000,
      // A view may ask for nothing else for a long time, and an open stream outlives its token.
      refetchInterval: ({ state }) => (state.data ? SESSION_MS : false),
    }),

  system: () =>
    queryOptions({
      queryKey: ["system"],
      queryFn: () => answer(api.GET("/api/v1/system")),
      refetchInterval: 15_000,
    }),

  runs: (filter: RunFilter) =>
    infiniteQueryOptions({
      queryKey: ["runs", "list", filter],
      queryFn: ({ pageParam, signal }) =>
        answer(
          api.GET("/api/v1/runs", { params: { query: { ...filter, limit: PAGE, ...pageParam } }, signal }),
        ),
      initialPageParam: {} as { cursor?: string },
      getNextPageParam: (page) => (page.next ? { cursor: page.next } : undefined),
      placeholderData: keepPreviousData,
      // Every page would be compared with what it was, each time that one more comes.
      structuralSharing: false,
    }),

  /** The latest few runs. */
  latestRuns: (filter: RunFilter, limit: number) =>
    queryOptions({
      queryKey: ["runs", "latest", filter, limit],
      queryFn: () => answer(api.GET("/api/v1/runs", { params: { query: { ...filter, limit } } })),
    }),

  run: (run: string) =>
    queryOptions({
      queryKey: ["run", run],
      queryFn: ({ signal }) => answer(api.GET("/api/v1/runs/{run}", { params: { path: { run } }, signal })),
    }),

  /** A run's graph never changes. */
  runGraph: (run: string) =>
    queryOptions({
      queryKey: ["run", run, "graph"],
      queryFn: () => answer(api.GET("/api/v1/runs/{run}/graph", { params: { path: { run } } })),
      staleTime: Number.POSITIVE_INFINITY,
    }),

  /** A run's journal: what is in it stays, more may come. */
  runEvents: (run: string) =>
    infiniteQueryOptions({
      queryKey: ["run", run, "events"],
      queryFn: ({ pageParam, signal }) =>
        answer(
          api.GET("/api/v1/runs/{run}/events", {
            params: { path: { run }, query: { from: pageParam, limit: EVENTS } },
            signal,
          }),
        ),
      initialPageParam: 0,
      getNextPageParam: (page) => page.next,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  /** The pipelines that have runs, each with its latest ones. */
  history: () =>
    queryOptions({
      queryKey: ["runs", "pipelines"],
      queryFn: () => answer(api.GET("/api/v1/runs/pipelines", { params: { query: { recent: 30 } } })),
    }),

  pipelines: () =>
    queryOptions({
      queryKey: ["pipelines"],
      queryFn: () => answer(api.GET("/api/v1/pipelines")),
    }),

  pipeline: (name: string) =>
    queryOptions({
      queryKey: ["pipelines", name],
      queryFn: () => answer(api.GET("/api/v1/pipelines/{name}", { params: { path: { name } } })),
    }),

  pipelineGraph: (name: string) =>
    queryOptions({
      queryKey: ["pipelines", name, "graph"],
      queryFn: () => answer(api.GET("/api/v1/pipelines/{name}/graph", { params: { path: { name } } })),
    }),

  pipelineParams: (name: string) =>
    queryOptions({
      queryKey: ["pipelines", name, "params"],
      queryFn: () => answer(api.GET("/api/v1/pipelines/{name}/params", { params: { path: { name } } })),
    }),

  pipelineGrid: (name: string, limit: number) =>
    queryOptions({
      queryKey: ["runs", "grid", name, limit],
      queryFn: () =>
        answer(api.GET("/api/v1/pipelines/{name}/grid", { params: { path: { name }, query: { limit } } })),
      placeholderData: keepPreviousData,
    }),

  revisions: (name: string) =>
    queryOptions({
      queryKey: ["pipelines", name, "revisions"],
      queryFn: () =>
        answer(
          api.GET("/api/v1/pipelines/{name}/revisions", {
            params: { path: { name }, query: { limit: 100 } },
          }),
        ),
    }),

  /** What is wrong with a text, without deploying it. */
  check: (text: string, modules: Readonly<Record<string, string>> = {}) =>
    queryOptions({
      // No name of a pipeline is an object.
      queryKey: ["pipelines", { check: text }],
      queryFn: ({ signal }) =>
        answer(api.POST("/api/v1/pipelines/check", { body: { text, modules }, signal })),
      // Each text that was typed is one.
      gcTime: 30_000,
    }),

  modules: () =>
    queryOptions({
      queryKey: ["modules"],
      queryFn: () => answer(api.GET("/api/v1/modules")),
    }),

  module: (name: string) =>
    queryOptions({
      queryKey: ["modules", name],
      queryFn: () => answer(api.GET("/api/v1/modules/{name}", { params: { path: { name } } })),
    }),

  triggers: () =>
    queryOptions({
      queryKey: ["triggers"],
      queryFn: () => answer(api.GET("/api/v1/triggers")),
      refetchInterval: 30_000,
    }),

  triggerEvents: (pipeline: string, trigger: string) =>
    queryOptions({
      queryKey: ["triggers", pipeline, trigger, "events"],
      queryFn: () =>
        answer(
          api.GET("/api/v1/pipelines/{name}/triggers/{trigger}/events", {
            params: { path: { name: pipeline, trigger }, query: { limit: 50 } },
          }),
        ),
    }),

  secrets: () =>
    queryOptions({
      queryKey: ["secrets"],
      queryFn: () => answer(api.GET("/api/v1/secrets")),
    }),

  tokens: () =>
    queryOptions({
      queryKey: ["tokens"],
      queryFn: () => answer(api.GET("/api/v1/tokens")),
    }),

  audit: (subject: string | undefined) =>
    infiniteQueryOptions({
      queryKey: ["audit", subject],
      queryFn: ({ pageParam }) =>
        answer(
          api.GET("/api/v1/audit", {
            params: { query: { limit: PAGE, ...(subject ? { subject } : {}), ...pageParam } },
          }),
        ),
      initialPageParam: {} as { before?: number },
      getNextPageParam: (page) => (page.next ? { before: page.next } : undefined),
    }),
};
