/** Versions of modules: how they are called, and how their steps differ. */

import type { Api } from "@/api/client";

type Version = Api<"ModuleVersionView">;
type Signature = Api<"StepSignature">;

/** `1.2.0`, or the beginning of its digest where its package says none. */
export function versionName({ version, digest }: Pick<Version, "version" | "digest">): string {
  return version ?? shortDigest(digest);
}

/** `sha256:9f86d081884c`, enough to tell versions apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

/** The version that the module's name means. */
export function activeOf(module: Api<"DeployedModule">): Version | undefined {
  return module.versions.find(({ active }) => active);
}

/** Whether switching to it goes back in time. */
export function isOlder(version: Version, active: Version | undefined): boolean {
  return active !== undefined && Date.parse(version.uploaded_at) < Date.parse(active.uploaded_at);
}

export interface Compared {
  addedImports: string[];
  removedImports: string[];
  addedSteps: string[];
  removedSteps: string[];
  changedSteps: { name: string; changes: string[] }[];
}

/** What a version has that another has not, and the other way round. */
export function compare(before: Version, after: Version): Compared {
  const old = new Map(before.steps.map((step) => [step.name, step]));
  const names = new Set(after.steps.map(({ name }) => name));
  return {
    addedImports: after.imports.filter((name) => !before.imports.includes(name)),
    removedImports: before.imports.filter((name) => !after.imports.includes(name)),
    addedSteps: after.steps.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removedSteps: before.steps.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    changedSteps: after.steps.flatMap((step) => {
      const other = old.get(step.name);
      const changes = other ? signatureChanges(other, step) : [];
      return changes.length > 0 ? [{ name: step.name, changes }] : [];
    }),
  };
}

/** Whether nothing that can be told apart is different. */
export function isSame(compared: Compared): boolean {
  return Object.values(compared).every((list) => list.length === 0);
}

function signatureChanges(before: Signature, after: Signature): string[] {
  const old = new Map(before.parameters.map((parameter) => [parameter.name, parameter]));
  const names = new Set(after.parameters.map(({ name }) => name));
  const changes = after.parameters.flatMap((parameter) => {
    const other = old.get(parameter.name);
    if (!other)
      return [
        `takes ${parameter.optional ? "" : "also "}${parameter.name}${parameter.optional ? ", if given" : ""}`,
      ];
    if (!same(parameterType(other), parameterType(parameter)))
      return [`${parameter.name} is of another type`];
    if (!same(other.default ?? null, parameter.default ?? null))
      return [`${parameter.name} has another default`];
    return [];
  });
  for (const { name } of before.parameters) {
    if (!names.has(name)) changes.push(`does not take ${name} any more`);
  }
  if (before.output !== after.output || !same(before.output_schema, after.output_schema)) {
    changes.push("returns another type");
  }
  return changes;
}

function parameterType({ role, form, optional, schema }: Api<"ParameterView">) {
  return { role, form, optional, schema };
}

/** Whether two JSON values are the same; the order of keys does not count. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), new Map(Object.entries(other))];
  return (
    left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)))
  );
}
