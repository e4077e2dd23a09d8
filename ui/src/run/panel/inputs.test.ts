import { expect, it } from "vitest";
import { placeOf, splitReference } from "./inputs";

it("splits references as the pipeline writes them", () => {
  expect(splitReference("parse")).toEqual({ name: "parse", path: "" });
  expect(splitReference("parse.days[3].low")).toEqual({ name: "parse", path: "days[3].low" });
  expect(splitReference("parse[0]")).toEqual({ name: "parse", path: "[0]" });
});

it("finds what another step returned, and what the run was given", () => {
  expect(placeOf({ from: "parse.days", source: "step" }, {}, "r", undefined)).toEqual({
    source: { kind: "step", run: "r", step: "parse" },
    path: "days",
  });
  expect(placeOf({ from: "params.options.draft", source: "param" }, {}, "r", undefined)).toEqual({
    source: { kind: "param", run: "r", name: "options" },
    path: "draft",
  });
});

it("finds the item in the list that it is of", () => {
  const node = { for_each: "read.days" };
  const input = { from: "item.low", source: "item" as const };
  expect(placeOf(input, node, "r", 4)).toEqual({
    source: { kind: "step", run: "r", step: "read" },
    path: "days[4].low",
  });
  expect(placeOf({ from: "item", source: "item" }, { for_each: "params.all" }, "r", 0)).toEqual({
    source: { kind: "param", run: "r", name: "all" },
    path: "[0]",
  });
  expect(placeOf(input, node, "r", undefined)).toBeUndefined();
  expect(placeOf(input, { for_each: "[1, 2]" }, "r", 0)).toBeUndefined();
});

it("has no place for what stands in the pipeline", () => {
  expect(placeOf({ from: "3", source: "literal" }, {}, "r", undefined)).toBeUndefined();
});
