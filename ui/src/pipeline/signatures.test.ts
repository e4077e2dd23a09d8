import { expect, it } from "vitest";
import type { Api } from "@/api/client";
import { outputTypes, signatureOf, usedStep } from "./signatures";

const step = (name: string, schema: unknown = { type: "integer" }) => ({
  name,
  description: "",
  parameters: [],
  output: "value",
  output_schema: schema,
});
const MODULES = [
  {
    name: "ledger",
    used_by: [],
    versions: [
      { digest: "new", active: true, steps: [step("sum", { type: "string" })] },
      { digest: "old", active: false, steps: [step("sum"), step("gone")] },
    ],
  },
] as unknown as Api<"DeployedModule">[];

it("splits the module from its step", () => {
  expect(usedStep("ledger/sum")).toEqual({ module: "ledger", step: "sum" });
  expect(usedStep("sum")).toEqual({ module: "", step: "sum" });
});

it("takes the version that is executed, whatever the pipeline calls its module", () => {
  const found = (uses: string, digest?: string) =>
    signatureOf({ name: "a", uses, ...(digest ? { digest } : {}) }, MODULES)?.output_schema;
  expect(found("ledger/sum", "old")).toEqual({ type: "integer" });
  expect(found("books/sum", "new")).toEqual({ type: "string" });
  expect(found("ledger/sum")).toEqual({ type: "string" });
  expect(found("ledger/gone")).toBeUndefined();
  expect(found("ledger/sum", "unknown")).toBeUndefined();
});

it("says what steps return", () => {
  const signature = signatureOf({ name: "a", uses: "ledger/sum", digest: "old" }, MODULES);
  expect([...outputTypes(new Map(signature ? [["a", signature]] : []))]).toEqual([["a", "integer"]]);
});
