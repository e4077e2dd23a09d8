import { expect, it } from "vitest";
import { readPipelineSearch } from "./search";

it("reads what is known, and nothing else", () => {
  expect(readPipelineSearch({ tab: "grid", step: "a", start: true, last: 50, revision: 3, x: 1 })).toEqual({
    tab: "grid",
    step: "a",
    start: true,
    last: 50,
    revision: 3,
  });
  expect(readPipelineSearch({ tab: "toString", start: "yes", last: 7, revision: -1, against: "2" })).toEqual(
    {},
  );
});
