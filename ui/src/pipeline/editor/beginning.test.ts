import { expect, it } from "vitest";
import type { Api } from "@/api/client";
import { beginning } from "./beginning";

const parameter = (name: string, role: string, form: string, schema: unknown, more = {}) => ({
  name,
  role,
  form,
  optional: false,
  schema,
  ...more,
});

function module(steps: { name: string; parameters: unknown[] }[]) {
  return { name: "m", used_by: [], versions: [{ active: true, steps }] } as unknown as Api<"DeployedModule">;
}

it("begins with a step that needs no other, and gives it what it needs", () => {
  const text = beginning(
    module([
      { name: "clean", parameters: [parameter("rows", "input", "rows", {})] },
      {
        name: "greet",
        parameters: [
          parameter("name", "input", "value", { type: "string" }),
          parameter("data", "input", "value", { "x-stepmill": "file" }),
          parameter("times", "config", "value", { type: "integer" }),
          parameter("loud", "config", "value", { type: "boolean" }, { default: false }),
        ],
      },
    ]),
  );
  expect(text).toContain(
    'name = { type = "string" }\ndata = { type = "file" }\ntimes = { type = "integer" }\n',
  );
  expect(text).toContain(
    'use = "m/greet"\ninputs.name = "params.name"\ninputs.data = "params.data"\nconfig = { times = { from = "params.times" } }\n',
  );
  expect(text).not.toContain("loud");
});

it("says where the names go while there are no modules", () => {
  expect(beginning(undefined)).toContain('use = "MODULE/STEP"');
});
