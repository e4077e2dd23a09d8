import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Api } from "@/api/client";
import type { StreamOptions } from "@/api/stream";
import { detail, step } from "./fixtures";
import { useLiveRun } from "./useLiveRun";

const streams: StreamOptions[] = [];
const close = vi.fn();
vi.mock("@/api/stream", () => ({
  openStream: (options: StreamOptions) => {
    streams.push(options);
    return close;
  },
}));

const cache = new QueryClient();
const refreshed = vi.spyOn(cache, "invalidateQueries").mockResolvedValue();
const wrapper = ({ children }: { children: ReactNode }) => (
  <QueryClientProvider client={cache}>{children}</QueryClientProvider>
);

beforeEach(() => {
  vi.useFakeTimers();
  streams.length = 0;
  refreshed.mockClear();
  close.mockClear();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const running = (): Api<"RunDetail"> => ({
  ...detail([step("a", { state: "running" })], { state: "running" }),
  events: 12,
});
const say = (event: object) => streams[0]?.onEvent("event", JSON.stringify(event), "");

it("goes on from what is known, and asks for the run at once, then a few times a second", async () => {
  renderHook(() => useLiveRun(running()), { wrapper });
  expect(streams[0]?.url).toBe("/api/v1/runs/r/events?from=12");
  for (let count = 0; count < 100; count += 1) say({ event: "attempt_started", step: "a", attempt: 1 });
  expect(refreshed).toHaveBeenCalledTimes(1);
  await act(() => vi.advanceTimersByTimeAsync(499));
  expect(refreshed).toHaveBeenCalledTimes(2);
});

it("shows the latest that a step said of how far it is, without asking for the run", async () => {
  const { result } = renderHook(() => useLiveRun(running()), { wrapper });
  for (let done = 0; done <= 50; done += 1) {
    await act(async () => say({ event: "progress", step: "a", attempt: 1, done, total: 50, message: "" }));
  }
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  expect(result.current.get("a")).toEqual({ done: 50, total: 50, message: "" });
  expect(refreshed).not.toHaveBeenCalled();
});

it("does not follow a run that has ended, and stops when one ends", () => {
  const { rerender } = renderHook(({ run }) => useLiveRun(run), {
    wrapper,
    initialProps: { run: running() },
  });
  expect(streams).toHaveLength(1);
  rerender({ run: detail([step("a")]) });
  expect(close).toHaveBeenCalledTimes(1);
  expect(streams).toHaveLength(1);
});
