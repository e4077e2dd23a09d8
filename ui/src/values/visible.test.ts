import { describe, expect, it } from "vitest";
import { pieces, visible } from "./visible";

describe("texts of others", () => {
  it("shows what would turn or hide a text", () => {
    expect(visible("pay\u202Efdp.exe")).toBe("pay<U+202E>fdp.exe");
    expect(visible("a\u200bb\ufeff\u0000\u{e0041}")).toBe("a<U+200B>b<U+FEFF><U+0000><U+E0041>");
    expect(pieces("a\u2066b")).toEqual([
      { text: "a", hidden: false },
      { text: "U+2066", hidden: true },
      { text: "b", hidden: false },
    ]);
  });

  it("leaves lines, tabs, and all scripts alone", () => {
    const text = "Zürich\t日本語 שלום 👍\nline";
    expect(pieces(text)).toEqual([{ text, hidden: false }]);
    expect(pieces("")).toEqual([{ text: "", hidden: false }]);
  });
});
