import { expect, it } from "vitest";
import { oneIn, textIn } from "./address";

it("takes texts and what was read as a number", () => {
  expect(textIn("a")).toBe("a");
  expect(textIn(1.2)).toBe("1.2");
  expect(textIn("")).toBeUndefined();
  expect(textIn({ a: 1 })).toBeUndefined();
  expect(textIn(["a"])).toBeUndefined();
  expect(textIn("x".repeat(999))).toHaveLength(200);
});

it("takes known words only", () => {
  expect(oneIn("cron", ["cron", "every"])).toBe("cron");
  expect(oneIn("toString", ["cron", "every"])).toBeUndefined();
});
