import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/api/client";
import { LogView } from "./LogView";
import { Numbering } from "./lines";

const views = Array.from({ length: 8 }, (_, at) => ({
  at: new Date(Date.UTC(2026, 0, 1) + at).toISOString(),
  step: "fetch",
  attempt: 1,
  level: at % 2 === 0 ? ("info" as const) : ("warn" as const),
  stream: "log" as const,
  text: `line ${at}`,
}));

/** The view keeps the last three of eight lines. */
vi.mock("./useLog", () => ({
  useLog: () => ({
    lines: new Numbering().number(views).slice(-3),
    gone: 5,
    standing: "ended",
    retry: () => undefined,
  }),
}));

const saved: Blob[] = [];
beforeEach(() => {
  saved.length = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    saved.push(blob as Blob);
    return "blob:log";
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function download(choice = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  render(
    <QueryClientProvider client={client}>
      <LogView run="r" step="fetch" live={false} choice={choice} onChoice={() => undefined} />
    </QueryClientProvider>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Download as text" }));
}

const texts = async () => {
  await waitFor(() => expect(saved).toHaveLength(1));
  return (await saved[0]?.text())?.match(/line \d/g);
};

it("has all lines, also those that the view has no room for", async () => {
  const answered = { data: { lines: views }, response: new Response() } as never;
  const asked = vi.spyOn(api, "GET").mockResolvedValue(answered);
  download();
  expect(screen.getByText(/The first 5 lines are not shown here/)).toBeTruthy();
  expect(await texts()).toEqual(views.map(({ text }) => text));
  expect(asked.mock.calls[0]?.[1]).toMatchObject({
    params: { path: { run: "r" }, query: { step: "fetch" } },
  });
});

it("has of all lines those that the filters leave", async () => {
  vi.spyOn(api, "GET").mockResolvedValue({ data: { lines: views }, response: new Response() } as never);
  download({ level: "warn" });
  expect(await texts()).toEqual(["line 1", "line 3", "line 5", "line 7"]);
});
