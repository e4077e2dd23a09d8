import { expect, it } from "vitest";
import { rangeWords, readAttemptName, shortId } from "./attempts";

it("reads the names of attempts", () => {
  expect(readAttemptName("runs/01a2/parse/3")).toEqual({ run: "01a2", step: "parse", attempt: 3 });
  expect(readAttemptName("runs/01a2/parse[7]/1")).toEqual({
    run: "01a2",
    step: "parse",
    item: 7,
    attempt: 1,
  });
  expect(readAttemptName("runs/01a2/../../secrets/1")).toBeUndefined();
});

it("shortens ids, and says ranges", () => {
  expect(shortId("01a209ae-cc1d-75c1-a4b2-e5baae89b7a7")).toBe("01a209ae…b7a7");
  expect(rangeWords({ first: 0, count: 100 })).toBe("0–99");
  expect(rangeWords({ first: 4, count: 1 })).toBe("4");
});
