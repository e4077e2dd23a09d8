import { expect, it } from "vitest";
import { readRunSearch } from "./search";

it("understands what the view writes", () => {
  const search = {
    tab: "timeline",
    step: "parse",
    part: "items",
    item: 0,
    attempt: 2,
    view: "table",
    path: "months[3].extremes",
    sort: "-cpu",
    state: "failed",
    text: "x",
    level: "warn",
    find: "no",
    line: "3",
  };
  expect(readRunSearch(search)).toEqual(search);
});

it("leaves out what it does not understand", () => {
  const search = {
    tab: "secrets",
    step: { name: "x" },
    part: "",
    item: -1,
    attempt: 0,
    path: 7,
    sort: "--cpu",
    state: "queued",
    more: 1,
  };
  expect(readRunSearch(search)).toEqual({});
});

it("takes numbers for names, as the router reads them", () => {
  expect(readRunSearch({ step: 7, item: 1.5 })).toEqual({ step: "7" });
});
