/**
 * What is known about the values of a parameter beyond its kind: what the steps demand that are given it, by the JSON
 * Schemas of their modules. They may be hostile: of a schema only a few plain things are read, and no pattern is run.
 */

import type { Api } from "@/api/client";
import { typeWords } from "@/lib/schema-words";
import type { Signature } from "../signatures";

export interface Shape {
  /** The type, in words. */
  words?: string;
  /** The texts that it may be. */
  options?: string[];
  least?: number;
  most?: number;
  /** Whether the bound itself is too little, or too much. */
  above?: number;
  below?: number;
  minLength?: number;
  maxLength?: number;
  format?: "date" | "date-time";
}

type Json = Record<string, unknown>;

/** Choices of more than this are typed. */
const MOST_OPTIONS = 200;

export function shapeOf(
  name: string,
  graph: Api<"GraphView"> | undefined,
  signatures: ReadonlyMap<string, Signature>,
): Shape {
  const shapes = (graph?.nodes ?? []).flatMap((node) =>
    (node.inputs ?? [])
      .filter(({ source, from }) => source === "param" && from === `params.${name}`)
      .flatMap((input) => {
        const parameter = signatures.get(node.name)?.parameters.find((known) => known.name === input.name);
        return parameter && parameter.form === "value" ? [readSchema(parameter.schema)] : [];
      }),
  );
  return shapes.reduce(both, {});
}

/** What satisfies both: each step refuses what it does not take. */
function both(one: Shape, other: Shape): Shape {
  const options =
    one.options && other.options
      ? one.options.filter((option) => other.options?.includes(option))
      : (one.options ?? other.options);
  const shape: { [Key in keyof Shape]: Shape[Key] | undefined } = {
    words: one.words ?? other.words,
    options,
    least: larger(one.least, other.least),
    above: larger(one.above, other.above),
    minLength: larger(one.minLength, other.minLength),
    most: smaller(one.most, other.most),
    below: smaller(one.below, other.below),
    maxLength: smaller(one.maxLength, other.maxLength),
    format: one.format ?? other.format,
  };
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Shape;
}

function larger(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

export function readSchema(root: unknown): Shape {
  const schema = plain(root, root, 0);
  const words = typeWords(root);
  const known = words === "anything" ? {} : { words };
  if (!schema) return known;
  const values = own(schema, "enum");
  const format = own(schema, "format");
  const number = (key: string, as: keyof Shape) => {
    const value = own(schema, key);
    return typeof value === "number" && Number.isFinite(value) ? { [as]: value } : {};
  };
  return {
    ...known,
    ...(isTexts(values) ? { options: [...new Set(values)] } : {}),
    ...number("minimum", "least"),
    ...number("maximum", "most"),
    ...number("exclusiveMinimum", "above"),
    ...number("exclusiveMaximum", "below"),
    ...number("minLength", "minLength"),
    ...number("maxLength", "maxLength"),
    ...(format === "date" || format === "date-time" ? { format } : {}),
  };
}

/** The schema behind references, and without the choice of null. Others than these say nothing here. */
function plain(schema: unknown, root: unknown, depth: number): Json | undefined {
  if (!isObject(schema) || depth > 8) return undefined;
  const ref = own(schema, "$ref");
  if (typeof ref === "string") {
    const [, from, name] = /^#\/(\$defs|definitions)\/([^/~]{1,200})$/.exec(ref) ?? [];
    return from && name ? plain(own(own(root, from), name), root, depth + 1) : undefined;
  }
  for (const key of ["anyOf", "oneOf"]) {
    const choices = own(schema, key);
    if (Array.isArray(choices)) {
      const others = choices.filter((choice) => own(choice, "type") !== "null");
      const names = others.map((choice) => own(choice, "const"));
      if (others.length > 1 && isTexts(names)) return { enum: names };
      return others.length === 1 ? plain(others[0], root, depth + 1) : undefined;
    }
  }
  return schema;
}

function isTexts(values: unknown): values is string[] {
  return (
    Array.isArray(values) &&
    values.length > 0 &&
    values.length <= MOST_OPTIONS &&
    values.every((value) => typeof value === "string" && value.length <= 200)
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What a step would refuse of a value that is of the right kind. */
export function shapeMistake(shape: Shape, json: string): string | undefined {
  const value: unknown = JSON.parse(json);
  if (typeof value === "number") {
    if (shape.least !== undefined && value < shape.least) return `This must be at least ${shape.least}`;
    if (shape.most !== undefined && value > shape.most) return `This must be at most ${shape.most}`;
    if (shape.above !== undefined && value <= shape.above) return `This must be more than ${shape.above}`;
    if (shape.below !== undefined && value >= shape.below) return `This must be less than ${shape.below}`;
  } else if (typeof value === "string") {
    const length = [...value].length;
    if (shape.options && !shape.options.includes(value)) return "This must be one of the choices";
    if (shape.minLength !== undefined && length < shape.minLength) {
      return `This must have at least ${shape.minLength} characters`;
    }
    if (shape.maxLength !== undefined && length > shape.maxLength) {
      return `This must have at most ${shape.maxLength} characters`;
    }
    if (shape.format === "date" && !/^\d{4}-\d\d-\d\d$/.test(value))
      return "This must be a date, as in 2026-01-31";
  }
  return undefined;
}
