import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { step } from "../fixtures";
import { Why } from "./Why";

const open = vi.fn();
vi.mock("../useRunPlace", () => ({ useOpenStep: () => open }));
afterEach(cleanup);

it("says why a step was skipped, with what its condition read", () => {
  const reason = {
    kind: "condition" as const,
    message: "`when` is false: total > params.limit",
    values: [
      { path: "total", value: "12" },
      { path: "params.limit", value: "100" },
    ],
  };
  const { container } = render(<Why step={step("a", { state: "skipped", reason })} />);
  expect(screen.getByRole("heading", { name: "Skipped" })).toBeTruthy();
  expect(container.textContent).toContain("when is false: total > params.limit");
  expect(screen.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual([
    "total12",
    "params.limit100",
  ]);
});

it("leads to the steps that it waits for", () => {
  const waits = { kind: "upstreams" as const, message: "waits for `parse`", steps: ["parse"] };
  render(<Why step={step("a", { state: "waiting", waits })} />);
  fireEvent.click(screen.getByRole("button", { name: "parse" }));
  expect(open).toHaveBeenCalledWith("parse");
});

it("says nothing of a step that just ran", () => {
  const { container } = render(<Why step={step("a")} />);
  expect(container.textContent).toBe("");
});
