import { expect, it } from "vitest";
import { placeMistakes } from "./mistakes";

it("places what the host says at the parameter that it is about", () => {
  const { fields, rest } = placeMistakes(
    'parameter `limit` wants a whole number, not `"x"`\nthe pipeline has no parameter `regio`; it has `limit`\nparameter `limit` is odd',
    ["limit", "region"],
  );
  expect([...fields]).toEqual([
    ["limit", 'parameter `limit` wants a whole number, not `"x"`; parameter `limit` is odd'],
  ]);
  expect(rest).toEqual(["the pipeline has no parameter `regio`; it has `limit`"]);
});

it("keeps what is about no field", () => {
  const { fields, rest } = placeMistakes("parameter `toString` is no field\nthe disk is full\n", ["a"]);
  expect(fields.size).toBe(0);
  expect(rest).toEqual(["parameter `toString` is no field", "the disk is full"]);
});
