import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LogView } from "./LogView";

const asked = vi.hoisted(() => ({ url: "", send: (_name: string, _data: unknown) => {}, reopen: () => {} }));

vi.mock("@/api/stream", () => ({
  openStream: (options: {
    url: string;
    onOpen?: () => void;
    onState?: (connected: boolean) => void;
    onEvent: (name: string, data: string, id: string) => void;
  }) => {
    asked.url = options.url;
    asked.send = (name, data) => options.onEvent(name, JSON.stringify(data), "");
    asked.reopen = () => options.onOpen?.();
    options.onOpen?.();
    options.onState?.(true);
    return () => {};
  },
}));

function lines(from: number, count: number, level = "info") {
  return Array.from({ length: count }, (_, at) => ({
    at: new Date(Date.UTC(2026, 0, 1) + from + at).toISOString(),
    step: "fetch",
    attempt: 1,
    level,
    stream: "log",
    text: `line ${from + at}`,
  }));
}

/** The page has no layout here: boxes are said to have a size, so that rows are laid out. */
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(200);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(20);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function show(props: Partial<Parameters<typeof LogView>[0]> = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  return render(
    <QueryClientProvider client={client}>
      <LogView run="r" live {...props} />
    </QueryClientProvider>,
  );
}

const send = (name: string, data: unknown) => act(() => asked.send(name, data));
const follow = () => screen.getByRole("button", { name: "Follow" });

describe("a log", () => {
  it("says that nothing came so far, then shows what comes", () => {
    show({ step: "fetch" });
    expect(asked.url).toBe("/api/v1/runs/r/logs?step=fetch");
    expect(screen.getByText("Nothing was logged so far")).toBeTruthy();
    send("lines", lines(0, 2));
    expect(screen.getByText("line 1")).toBeTruthy();
    expect(screen.getByText("2 lines")).toBeTruthy();
  });

  it("does not say things twice after a stream was opened anew", () => {
    show();
    send("lines", lines(0, 3));
    act(() => asked.reopen());
    send("lines", lines(0, 4));
    expect(screen.getByText("4 lines")).toBeTruthy();
  });

  it("stops to follow where somebody scrolls up, and follows again when told to", () => {
    show();
    send("lines", lines(0, 100));
    expect(follow().getAttribute("aria-pressed")).toBe("true");
    const box = screen.getByRole("region", { name: "Log" });
    Object.defineProperty(box, "scrollHeight", { value: 2_000, configurable: true });
    Object.defineProperty(box, "clientHeight", { value: 200, configurable: true });
    box.scrollTop = 1_800;
    fireEvent.scroll(box);
    expect(follow().getAttribute("aria-pressed")).toBe("true");
    box.scrollTop = 900;
    fireEvent.scroll(box);
    expect(follow().getAttribute("aria-pressed")).toBe("false");
    fireEvent.click(follow());
    expect(follow().getAttribute("aria-pressed")).toBe("true");
  });

  it("has nothing to follow once the run has ended", () => {
    show();
    send("lines", lines(0, 3));
    send("end", {});
    expect(screen.queryByRole("button", { name: "Follow" })).toBeNull();
  });

  it("counts matches, marks them, and goes from one to the next", () => {
    show();
    send("lines", [...lines(0, 3), ...lines(10, 2, "error")]);
    const input = screen.getByRole("searchbox", { name: "Find in the log" });
    fireEvent.change(input, { target: { value: "LINE 1" } });
    expect(screen.getByText("1 of 3")).toBeTruthy();
    expect(document.querySelectorAll("mark")).toHaveLength(3);
    fireEvent.keyDown(input, { key: "Enter" });
    expect(screen.getByText("2 of 3")).toBeTruthy();
    fireEvent.keyDown(input, { key: "Enter", shiftKey: true });
    fireEvent.keyDown(input, { key: "Enter", shiftKey: true });
    expect(screen.getByText("3 of 3")).toBeTruthy();
  });

  it("says how many lines a filter leaves, and shows all of them again", () => {
    show();
    send("lines", [...lines(0, 3), ...lines(10, 2, "error")]);
    fireEvent.change(screen.getByRole("combobox", { name: "Level" }), { target: { value: "error" } });
    expect(screen.queryByText("line 1")).toBeNull();
    expect(screen.getByText("line 10")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect(screen.getByText("line 1")).toBeTruthy();
  });

  it("tells the caller which line the address is to mean", () => {
    const onChoice = vi.fn();
    show({ choice: {}, onChoice });
    send("lines", lines(0, 2));
    fireEvent.click(screen.getByRole("button", { name: "Line 2" }));
    expect(onChoice).toHaveBeenCalledWith({ line: `fetch~${Date.UTC(2026, 0, 1) + 1}~0` });
  });
});
