import type { Api } from "@/api/client";

type Step = Api<"StepSignature">;

/** What a new pipeline begins with: one step that there is, given what it needs, so that it could be deployed as it is. */
export function beginning(module: Api<"DeployedModule"> | undefined): string {
  const steps = module?.versions.find(({ active }) => active)?.steps ?? [];
  const step = steps.find(isSimple) ?? steps[0];
  const needed = step ? neededBy(step) : [];
  const params = needed.map(({ name, schema }) => `${name} = { type = "${kindOf(schema)}" }`);
  const inputs = needed.filter(({ role }) => role !== "config");
  const config = needed.filter(({ role }) => role === "config");
  return [
    'name = "my_pipeline"',
    'description = ""',
    "",
    "# What a run is given. A default makes it optional: default = …",
    "[params]",
    ...params,
    "",
    "[steps.first]",
    `use = "${module && step ? `${module.name}/${step.name}` : "MODULE/STEP"}"`,
    ...inputs.map(({ name }) => `inputs.${name} = "params.${name}"`),
    ...(config.length > 0
      ? [`config = { ${config.map(({ name }) => `${name} = { from = "params.${name}" }`).join(", ")} }`]
      : []),
    "",
    "# Runs it every night.",
    "# [triggers.nightly]",
    '# cron = "0 3 * * *"',
    '# timezone = "Europe/Berlin"',
    "",
  ].join("\n");
}

function neededBy(step: Step) {
  return step.parameters.filter(
    ({ optional, default: given }) => !optional && (given === undefined || given === null),
  );
}

/** Rows come from other steps only. */
function isSimple(step: Step): boolean {
  return neededBy(step).every(({ form }) => form === "value");
}

function kindOf(schema: unknown): Api<"ParamKind"> {
  if (typeof schema !== "object" || schema === null) return "json";
  if ("x-stepmill" in schema && schema["x-stepmill"] === "file") return "file";
  const type = "type" in schema ? schema.type : undefined;
  const known: Api<"ParamKind">[] = ["string", "integer", "number", "boolean"];
  return known.find((kind) => kind === type) ?? "json";
}
