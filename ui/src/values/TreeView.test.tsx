import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OutputPart } from "./source";
import { TreeView } from "./TreeView";

const output = { form: "value", hash: "sha256:0", size_bytes: 1 } as const;

/** The page has no layout here: boxes are said to have a size, so that rows are laid out. */
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(20);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function show(part: Partial<OutputPart>) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TreeView
        source={{ kind: "step", run: "r", step: "s" }}
        path=""
        part={{ output, ...part }}
        onFocusPath={() => {}}
      />
    </QueryClientProvider>,
  );
}

const tree = () => screen.getByRole("tree");
const press = (...keys: string[]) => {
  for (const key of keys) fireEvent.keyDown(tree(), { key });
};
/** The row that the keys mean. */
function current(): HTMLElement {
  const row = screen
    .getAllByRole("treeitem")
    .find(({ id }) => id === tree().getAttribute("aria-activedescendant"));
  if (!row) throw new Error("no row is meant");
  return row;
}

describe("a tree", () => {
  it("is gone through by keys", () => {
    show({ value: { deep: { deeper: { deepest: 1 } }, last: { $int: "18446744073709551615" } } });
    press("End");
    expect(current().textContent).toContain("18446744073709551615");
    press("Home", "ArrowDown");
    expect(current().getAttribute("aria-level")).toBe("2");
    press("ArrowRight");
    expect(current().textContent).toContain("deeper");
    expect(current().getAttribute("aria-expanded")).toBe("false");
    press("ArrowRight", "ArrowRight");
    expect(current().textContent).toContain("deepest");
    press("ArrowLeft", "ArrowLeft");
    expect(current().getAttribute("aria-expanded")).toBe("false");
  });

  it("opens what a match is in", () => {
    show({ value: { a: Array(20).fill({ b: "x" }), z: [[[["needle"]]]] } });
    expect(screen.queryByText('"needle"')).toBeNull();
    fireEvent.change(screen.getByRole("searchbox"), { target: { value: "needle" } });
    expect(current().textContent).toContain('"needle"');
    expect(screen.getByText("1 of 1")).toBeTruthy();
  });

  it("shows what would turn a text around", () => {
    show({ value: ["a\u202Eb"] });
    expect(screen.getByText("U+202E")).toBeTruthy();
  });
});
