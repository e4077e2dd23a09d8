import { expect, test } from "vitest";
import type { Api } from "@/api/client";
import { usesOf } from "./uses";

test("the steps of a module are found, whichever version they hold on to", () => {
  const nodes = [
    { name: "a", uses: "weather/parse" },
    { name: "b", uses: "weather@1.2/check", grants: ["clock"] },
    { name: "c", uses: "weather_two/parse" },
    { name: "d", uses: "other/weather" },
  ];
  const graph = { nodes, edges: [], branches: [] } as unknown as Api<"GraphView">;
  expect(usesOf("weather", graph)).toEqual([
    { step: "a", of: "parse", grants: [] },
    { step: "b", of: "check", grants: ["clock"] },
  ]);
});
