import { describe, expect, it } from "vitest";
import { address, change, isComponent, next, type Upload, verdict } from "./uploads";

const file = (name: string) => new File(["x"], name);
const report = {
  name: "weather",
  version: "1.2.0",
  digest: "sha256:00",
  state: "ready" as const,
  active: true,
  difference: {},
};

describe("uploads", () => {
  it("go one behind the other, in the order in which they came", () => {
    let uploads: Upload[] = change([], { add: [file("a.wasm"), file("b.wasm")] });
    const first = next(uploads);
    expect(first?.file.name).toBe("a.wasm");
    uploads = change(uploads, { of: first?.key ?? 0, to: { is: "sending", part: 0.5 } });
    expect(next(uploads)).toBeUndefined();
    uploads = change(uploads, { of: first?.key ?? 0, to: { is: "checking" } });
    expect(next(uploads)).toBeUndefined();
    uploads = change(uploads, { of: first?.key ?? 0, to: { is: "refused", error: new Error("no module") } });
    expect(next(uploads)?.file.name).toBe("b.wasm");
  });

  it("keep their keys when more come, and lose what ended when that is cleared", () => {
    let uploads = change([], { add: [file("a.wasm"), file("b.wasm")] });
    uploads = change(uploads, { of: 1, to: { is: "done", report } });
    uploads = change(uploads, { clear: true });
    uploads = change(uploads, { add: [file("c.wasm")] });
    expect(uploads.map(({ key, file }) => [key, file.name])).toEqual([
      [2, "b.wasm"],
      [3, "c.wasm"],
    ]);
  });

  it("are not kept without end", () => {
    const uploads = change([], { add: Array.from({ length: 80 }, (_, index) => file(`${index}.wasm`)) });
    expect(uploads).toHaveLength(50);
    expect(uploads.at(-1)?.file.name).toBe("79.wasm");
  });
});

describe("verdict", () => {
  it("says whether it counts from now on", () => {
    expect(verdict(report)).toBe("weather 1.2.0 is active");
    expect(verdict({ ...report, active: false })).toBe("weather 1.2.0 is there, and not active");
    expect(verdict({ ...report, active: false, state: "waiting" })).toMatch(/waits for an approval/);
    expect(verdict({ ...report, version: null })).toBe("weather is active");
  });
});

it("a component ends in .wasm", () => {
  expect(isComponent(file("x.wasm"))).toBe(true);
  expect(isComponent(file("x.wasm.exe"))).toBe(false);
});

it("a name and force are said in the address", () => {
  const upload = change([], { add: [file("x.wasm")] })[0];
  if (!upload) throw new Error("no upload");
  expect(address(upload)).toBe("/api/v1/modules");
  expect(address({ ...upload, name: "a&b", force: true })).toBe("/api/v1/modules?name=a%26b&force=true");
});
