import { expect, it } from "vitest";
import { compared } from "./compared";

const revisions = [5, 4, 2].map((revision) => ({ revision, deployed_at: "", deployed_by: "", text: "" }));

it.each([
  [undefined, undefined, [5, 4]],
  [4, undefined, [4, 2]],
  [2, undefined, [2, undefined]],
  [4, 5, [4, 5]],
  [4, 4, [4, 2]],
  [9, 7, [5, 4]],
])("shows %s against %s as %j", (shown, against, expected) => {
  const found = compared(revisions, shown, against);
  expect([found.shown?.revision, found.against?.revision]).toEqual(expected);
});

it("has nothing to show of nothing", () => {
  expect(compared([], 1, 2)).toEqual({ shown: undefined, against: undefined });
});
