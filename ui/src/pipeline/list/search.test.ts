import { expect, it } from "vitest";
import { orderBy, readListSearch } from "./search";

it("reads what is known, and nothing else", () => {
  const search = { text: "a", state: "failing", paused: true, triggers: "yes", order: "rate", x: 1 };
  expect(readListSearch(search)).toEqual({ text: "a", state: "failing", paused: true, order: "rate" });
  expect(readListSearch({ state: "toString", order: {}, descending: 1 })).toEqual({});
});

it("turns an order around that there is already", () => {
  expect(orderBy({ text: "a" }, "rate")).toEqual({ text: "a", order: "rate" });
  expect(orderBy({ order: "rate" }, "rate")).toEqual({ order: "rate", descending: true });
  expect(orderBy({ order: "rate", descending: true }, "rate")).toEqual({ order: "rate" });
  expect(orderBy({}, "name")).toEqual({ descending: true });
  expect(orderBy({ order: "rate", descending: true }, "name")).toEqual({});
});
