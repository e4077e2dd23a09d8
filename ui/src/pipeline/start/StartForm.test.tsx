import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Api, ProblemError } from "@/api/client";
import { upload } from "@/api/upload";
import type { Param } from "./params";
import { StartForm } from "./StartForm";
import type { Shape } from "./shape";

vi.mock("@/api/upload");

const PARAMS: Param[] = [
  { name: "who", kind: "string", description: "whom to greet" },
  { name: "limit", kind: "integer", default: 100 },
  { name: "ratio", kind: "number", default: 0.25 },
  { name: "strict", kind: "boolean", default: false },
  { name: "options", kind: "json", default: { draft: false } },
];

const start = vi.fn<(body: string, stay: boolean) => Promise<void>>();

beforeEach(() => {
  start.mockReset();
  start.mockResolvedValue();
});
afterEach(cleanup);

function show(params = PARAMS, shapes: [string, Shape][] = []) {
  render(<StartForm params={params} shapes={new Map(shapes)} onStart={start} />);
  return userEvent.setup();
}

const field = (name: RegExp) => screen.getByLabelText(name);
const submit = () => screen.getByRole("button", { name: "Start run" });
const sent = () => JSON.parse(start.mock.calls[0]?.[0] ?? "null");

describe("StartForm", () => {
  it("sends what was changed, and leaves defaults to the host", async () => {
    const user = show();
    await user.type(field(/^who/), "Ada");
    await user.clear(field(/^limit/));
    await user.type(field(/^limit/), "9007199254740993");
    await user.selectOptions(field(/^strict/), "yes");
    await user.click(submit());
    expect(start).toHaveBeenCalledTimes(1);
    // As text: the number is larger than those of the browser.
    expect(start.mock.calls[0]).toEqual([
      '{"params":{"who":"Ada","limit":9007199254740993,"strict":true},"cache":true}',
      false,
    ]);
  });

  it("begins in its first field", () => {
    show();
    expect(document.activeElement).toBe(field(/^who/));
  });

  it("says at its field what is wrong, and sends nothing", async () => {
    const user = show();
    await user.clear(field(/^limit/));
    await user.type(field(/^limit/), "1.5");
    await user.clear(field(/^options/));
    await user.type(field(/^options/), "{{a: 1}");
    await user.click(submit());
    expect(start).not.toHaveBeenCalled();
    expect(describedBy(field(/^who/))).toBe("A run needs this parameter");
    expect(describedBy(field(/^limit/))).toContain("whole number");
    expect(describedBy(field(/^options/))).toContain("line 1, column 2");
    expect(field(/^ratio/).getAttribute("aria-invalid")).toBe("false");
    expect(document.activeElement).toBe(field(/^who/));
  });

  it("puts what the host says at the fields that it is about", async () => {
    const user = show();
    const said = "parameter `ratio` wants a number, not `2`\nthe host refuses runs";
    start.mockRejectedValue(new ProblemError(422, said, "wait a while", []));
    await user.type(field(/^who/), "Ada");
    await user.click(submit());
    await waitFor(() =>
      expect(describedBy(field(/^ratio/))).toBe("parameter `ratio` wants a number, not `2`"),
    );
    expect(screen.getByRole("alert").textContent).toBe("the host refuses runswait a while");
    // What was typed is still there.
    expect(field(/^who/)).toHaveProperty("value", "Ada");
  });

  it("starts one run however fast it is clicked", async () => {
    let finish = () => {};
    start.mockReturnValue(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    const user = show([]);
    await user.dblClick(submit());
    await user.click(screen.getByRole("button", { name: "Start and stay here" }));
    expect(start).toHaveBeenCalledTimes(1);
    finish();
    await waitFor(() => expect(submit().getAttribute("aria-busy")).toBe("false"));
  });

  it("can compute all anew, and stay where it is", async () => {
    const user = show([]);
    await user.click(screen.getByRole("checkbox"));
    await user.click(screen.getByRole("button", { name: "Start and stay here" }));
    expect(sent()).toEqual({ params: {}, cache: false });
    expect(start.mock.calls[0]?.[1]).toBe(true);
  });

  it("offers the choices and keeps to the bounds of the steps that take a parameter", async () => {
    const user = show(
      [
        { name: "level", kind: "string" },
        { name: "count", kind: "integer" },
      ],
      [
        ["level", { options: ["low", "high"] }],
        ["count", { least: 1, most: 9 }],
      ],
    );
    await user.selectOptions(field(/^level/), "high");
    await user.type(field(/^count/), "12");
    await user.click(submit());
    expect(describedBy(field(/^count/))).toBe("This must be at most 9");
    await user.clear(field(/^count/));
    await user.type(field(/^count/), "9");
    await user.click(submit());
    expect(sent()).toEqual({ params: { level: "high", count: 9 }, cache: true });
  });

  it("waits for its files, the last that was chosen, and names them by their ids", async () => {
    const finish: ((file: Api<"FileUploaded">) => void)[] = [];
    vi.mocked(upload).mockImplementation(() => ({
      done: new Promise((resolve) => {
        finish.push(resolve);
      }),
      cancel: () => {},
    }));
    const user = show([{ name: "csv", kind: "file" }]);
    await user.upload(field(/^csv/), new File(["a"], "first.csv"));
    expect(submit()).toHaveProperty("disabled", true);
    await user.upload(field(/^csv/), new File(["b"], "second.csv"));
    finish[0]?.({ file: "id-1", name: "first.csv", size: 1, until: "" });
    finish[1]?.({ file: "id-2", name: "second.csv", size: 1, until: "" });
    await waitFor(() => expect(submit()).toHaveProperty("disabled", false));
    expect(screen.getByText("second.csv")).toBeTruthy();
    await user.click(submit());
    expect(sent().params).toEqual({ csv: { file: "id-2" } });
  });

  it("says why a file was not taken", async () => {
    vi.mocked(upload).mockImplementation(() => ({
      done: Promise.reject(new Error("the disk is full")),
      cancel: () => {},
    }));
    const user = show([{ name: "csv", kind: "file" }]);
    await user.upload(field(/^csv/), new File(["a"], "a.csv"));
    await waitFor(() => expect(screen.getByRole("alert").textContent).toBe("the disk is full"));
    await user.click(submit());
    expect(start).not.toHaveBeenCalled();
    expect(describedBy(field(/^csv/))).toBe("A run needs this file");
  });

  it("asks for a choice where there is no default", async () => {
    const user = show([{ name: "sure", kind: "boolean" }]);
    await user.click(submit());
    expect(start).not.toHaveBeenCalled();
    await user.selectOptions(field(/^sure/), "no");
    await user.click(submit());
    expect(sent().params).toEqual({ sure: false });
  });
});

function describedBy(element: HTMLElement): string | null | undefined {
  return document.getElementById(element.getAttribute("aria-describedby") ?? "")?.textContent;
}
