import { describe, expect, it } from "vitest";
import type { Api } from "@/api/client";
import { activeOf, compare, isOlder, isSame, versionName } from "./versions";

type Version = Api<"ModuleVersionView">;
type Parameter = Api<"ParameterView">;

const parameter = (name: string, more: Partial<Parameter> = {}): Parameter => ({
  name,
  role: "input",
  form: "value",
  optional: false,
  schema: { type: "integer", minimum: 0 },
  ...more,
});

const step = (name: string, parameters: Parameter[] = [], output_schema: unknown = { type: "string" }) => ({
  name,
  description: "",
  parameters,
  output: "value" as const,
  output_schema,
});

const version = (more: Partial<Version> = {}): Version => ({
  version: "1.0.0",
  digest: "sha256:0123456789abcdef",
  size_bytes: 1,
  state: "ready",
  active: false,
  uploaded_at: "2026-01-01T00:00:00Z",
  uploaded_by: "somebody",
  imports: [],
  steps: [],
  ...more,
});

describe("compare", () => {
  it("finds nothing between what is the same, whatever the order of keys", () => {
    const one = version({ steps: [step("a", [parameter("x")])] });
    const other = version({
      steps: [step("a", [parameter("x", { schema: { minimum: 0, type: "integer" } })])],
    });
    expect(isSame(compare(one, other))).toBe(true);
  });

  it("tells imports and steps that came and went", () => {
    const compared = compare(
      version({ imports: ["a", "b"], steps: [step("old"), step("both")] }),
      version({ imports: ["b", "c"], steps: [step("both"), step("new")] }),
    );
    expect(compared).toEqual({
      addedImports: ["c"],
      removedImports: ["a"],
      addedSteps: ["new"],
      removedSteps: ["old"],
      changedSteps: [],
    });
    expect(isSame(compared)).toBe(false);
  });

  it("says in what a signature differs", () => {
    const before = version({
      steps: [step("s", [parameter("gone"), parameter("typed"), parameter("kept", { default: 1 })])],
    });
    const after = version({
      steps: [
        step(
          "s",
          [
            parameter("typed", { schema: { type: "string" } }),
            parameter("kept", { default: 2 }),
            parameter("must"),
            parameter("may", { optional: true }),
          ],
          { type: "number" },
        ),
      ],
    });
    expect(compare(before, after).changedSteps).toEqual([
      {
        name: "s",
        changes: [
          "typed is of another type",
          "kept has another default",
          "takes also must",
          "takes may, if given",
          "does not take gone any more",
          "returns another type",
        ],
      },
    ]);
  });
});

describe("versions", () => {
  it("are called by their number, or by their digest", () => {
    expect(versionName(version())).toBe("1.0.0");
    expect(versionName(version({ version: null }))).toBe("sha256:0123456789ab");
  });

  it("are older by when they came, not by their number", () => {
    const active = version({ active: true, uploaded_at: "2026-01-02T00:00:00Z" });
    const module = { name: "m", used_by: [], versions: [active, version({ version: "9.0.0" })] };
    expect(activeOf(module)).toBe(active);
    expect(isOlder(version({ version: "9.0.0" }), active)).toBe(true);
    expect(isOlder(version({ uploaded_at: "2026-01-03T00:00:00Z" }), active)).toBe(false);
    expect(isOlder(version(), undefined)).toBe(false);
  });
});
