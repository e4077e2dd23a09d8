import { expect, it } from "vitest";
import { RequestKeys } from "./key";

it("keeps its key for the same text until a run was started", () => {
  const keys = new RequestKeys();
  const first = keys.of("a");
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keys.of("a")).toBe(first);
  expect(keys.of("b")).not.toBe(first);
  const again = keys.of("a");
  expect(again).not.toBe(first);
  keys.done();
  expect(keys.of("a")).not.toBe(again);
});
