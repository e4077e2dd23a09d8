// @vitest-environment happy-dom
// @vitest-environment-options {"settings": {"disableIframePageLoading": true}}

import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { FilePreview } from "./FilePreview";
import type { StepSource } from "./source";

afterEach(cleanup);

const source: StepSource = { kind: "step", run: "r", step: "s", item: 3, attempt: 2 };

function show(name: string, size_bytes = 10) {
  render(
    <FilePreview
      source={source}
      index={4}
      file={{ name, media_type: "x/y", size_bytes, hash: "sha256:0" }}
    />,
  );
}

describe("a file", () => {
  it("that is a page can do nothing: no scripts, no origin", () => {
    show("report.html");
    const frame = screen.getByTitle("report.html");
    expect(frame.getAttribute("sandbox")).toBe("");
    // The host numbers the files of the whole step, whichever item is shown.
    expect(frame.getAttribute("src")).toBe("/api/v1/runs/r/steps/s/files/4/preview?attempt=2");
  });

  it("that is a picture is one, even if it could hold scripts", () => {
    show("chart.svg");
    expect(screen.getByRole("img", { name: "chart.svg" }).tagName).toBe("IMG");
  });

  it("that no page can show safely is only downloaded", () => {
    show("report.pdf");
    expect(screen.getByRole("link", { name: "Download" }).getAttribute("href")).toBe(
      "/api/v1/runs/r/steps/s/files/4?attempt=2",
    );
  });

  it("that is too large says so", () => {
    show("large.html", 17 * 1024 * 1024);
    expect(screen.getByText("The file is too large to be shown")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Download" })).toBeTruthy();
  });

  it("does not hide what its name is", () => {
    show("a\u202Egnp.html");
    expect(screen.getByTitle("a<U+202E>gnp.html")).toBeTruthy();
  });
});
