import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutputViewer } from "./OutputViewer";

const asked = vi.hoisted(() => ({ answer: (_path: string): string => "" }));

vi.mock("@/api/client", async (original) => ({
  ...(await original<object>()),
  api: {
    GET: async (_: string, { params }: { params: { query: { path?: string } } }) => ({
      data: asked.answer(params.query.path ?? ""),
      response: new Response(),
    }),
  },
}));

const output = { form: "value", hash: "sha256:0", size_bytes: 12 };

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** Answers every request with these parts, by path. */
function answerWith(parts: Record<string, string>) {
  asked.answer = (path) => `{"output":${JSON.stringify(output)},${parts[path]}}`;
}

function show(props: Partial<Parameters<typeof OutputViewer>[0]> = {}) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <OutputViewer source={{ kind: "step", run: "r", step: "s" }} {...props} />
    </QueryClientProvider>,
  );
}

describe("an output", () => {
  it("is offered in the views that fit, and its numbers are those of the host", async () => {
    answerWith({ "": '"value":[{"a":1.0,"b":{"$int":"18446744073709551615"}}],"total":1' });
    show();
    expect(await screen.findByText("1.0")).toBeTruthy();
    expect(screen.getByText("18446744073709551615")).toBeTruthy();
    const views = screen.getAllByRole("button", { pressed: true });
    expect(views.map(({ textContent }) => textContent)).toEqual(["Table"]);
    expect(screen.queryByRole("button", { name: /Files/ })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Tree" }));
    expect(screen.getByRole("tree")).toBeTruthy();
  });

  it("leaves it to the caller which view is shown", async () => {
    answerWith({ "": '"value":7' });
    const onView = vi.fn();
    show({ view: "raw", onView });
    expect((await screen.findByRole("region", { name: "JSON" })).textContent).toBe("7");
    fireEvent.click(screen.getByRole("button", { name: "Tree" }));
    expect(onView).toHaveBeenCalledWith("tree");
    expect(screen.queryByRole("tree")).toBeNull();
  });

  it("that is too large leads to its parts", async () => {
    answerWith({ "": '"too_large":true', months: '"value":"here"' });
    show();
    fireEvent.change(await screen.findByRole("textbox", { name: "Path of a part" }), {
      target: { value: "months" },
    });
    fireEvent.click(screen.getByRole("button", { name: "Show this part" }));
    expect(await screen.findByText('"here"')).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "All of it" }));
    expect(await screen.findByText("The value is too large to be shown at once")).toBeTruthy();
  });
});
