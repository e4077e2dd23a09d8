import { expect, it } from "vitest";
import { rowFor, scaleFor } from "./keys";

it("goes from row to row, and stays within them", () => {
  expect(rowFor("ArrowDown", -1, 10, 4)).toBe(0);
  expect(rowFor("ArrowUp", 0, 10, 4)).toBe(0);
  expect(rowFor("PageDown", 7, 10, 4)).toBe(9);
  expect(rowFor("Home", 7, 10, 4)).toBe(0);
  expect(rowFor("End", 0, 10, 4)).toBe(9);
  expect(rowFor("x", 0, 10, 4)).toBeUndefined();
});

it("changes the scale", () => {
  expect(scaleFor("+")).toEqual({ zoom: 0.7 });
  expect(scaleFor("0")).toEqual({ all: true });
  expect(scaleFor("Enter")).toBeUndefined();
});
