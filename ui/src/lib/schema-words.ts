/**
 * Types in a few words, as in a signature: `list of Month`, `text or null`, `{ name, total? }`.
 *
 * Schemas are written by modules, which may be hostile: whatever stands in one, this takes a bounded time, gives a
 * bounded text, and does not throw.
 */

/** How deep a description goes. */
const DEPTH = 4;
/** How many names, values or alternatives are listed before an ellipsis. */
const LISTED = 5;
/** How long one name or value may be. */
const NAME = 28;
/** How long the whole may be. */
const WHOLE = 140;
/** How many schemas are looked at: alternatives of alternatives multiply. */
const LOOKS = 300;

/** What schemars calls types that have no name of their own: these are described by what they are made of. */
const MADE_UP = /^(Array|Set|Map|Nullable|Tuple|AnyValue)(_|$)/;

interface Look {
  root: unknown;
  left: number;
}

/** A JSON Schema in a few words; of a stream, it is that of one item. */
export function typeWords(schema: unknown, form: "value" | "rows" = "value"): string {
  const look = { root: schema, left: LOOKS };
  const type = words(schema, look, DEPTH);
  return cut(form === "rows" ? `rows of ${grouped(type)}` : type, WHOLE);
}

function words(schema: unknown, look: Look, depth: number): string {
  look.left -= 1;
  if (schema === false) return "nothing";
  if (!isObject(schema) || look.left < 0) return look.left < 0 ? "…" : "anything";
  return special(schema) ?? reference(schema, look, depth) ?? named(schema) ?? structure(schema, look, depth);
}

/** Values that only steps know. */
function special(schema: Json): string | undefined {
  const mark = own(schema, "x-stepmill");
  return mark === "file" || mark === "bytes" ? mark : undefined;
}

function reference(schema: Json, look: Look, depth: number): string | undefined {
  const ref = own(schema, "$ref");
  if (typeof ref !== "string") return undefined;
  if (ref === "#") return (isObject(look.root) && named(look.root)) || "itself";
  const [, key] = /^#\/(?:\$defs|definitions)\/([^/]{1,200})$/.exec(ref) ?? [];
  if (key === undefined) return "anything";
  const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
  const target = own(own(look.root, "$defs"), name) ?? own(own(look.root, "definitions"), name);
  const mark = isObject(target) && special(target);
  if (mark) return mark;
  if (!MADE_UP.test(name) || depth <= 0) return clean(name);
  return words(target, look, depth - 1);
}

/** The name of a type. Titles such as `int64` or `Array_of_string` are none. */
function named(schema: Json): string | undefined {
  const title = own(schema, "title");
  return typeof title === "string" && /^[A-Z]/.test(title) && !MADE_UP.test(title) ? clean(title) : undefined;
}

function structure(schema: Json, look: Look, depth: number): string {
  if (Object.hasOwn(schema, "const")) return quoted(schema.const);
  const values = own(schema, "enum");
  if (Array.isArray(values)) return listed(values.map(quoted), " | ");
  for (const key of ["anyOf", "oneOf"]) {
    const parts = own(schema, key);
    if (Array.isArray(parts)) return depth > 0 ? union(parts, look, depth - 1) : "…";
  }
  const all = own(schema, "allOf");
  if (Array.isArray(all) && all.length > 0) {
    return depth > 0 ? listed(described(all, look, depth - 1), " and ") : "…";
  }
  const type = own(schema, "type");
  if (Array.isArray(type)) {
    return either(type.slice(0, 7).map((one) => ofType(one, schema, look, depth)));
  }
  return ofType(type ?? guessed(schema), schema, look, depth);
}

/** What a schema without a type is about. */
function guessed(schema: Json): string {
  if (own(schema, "properties") !== undefined) return "object";
  return own(schema, "items") !== undefined || own(schema, "prefixItems") !== undefined ? "array" : "";
}

function ofType(type: unknown, schema: Json, look: Look, depth: number): string {
  switch (type) {
    case "string":
      return text(schema);
    case "integer":
    case "number":
    case "boolean":
    case "null":
      return type;
    case "array":
      return list(schema, look, depth);
    case "object":
      return object(schema, look, depth);
    default:
      return "anything";
  }
}

function text(schema: Json): string {
  const format = own(schema, "format");
  return typeof format === "string" ? `text (${clean(format)})` : "text";
}

function list(schema: Json, look: Look, depth: number): string {
  if (depth <= 0) return "list";
  const places = own(schema, "prefixItems");
  if (Array.isArray(places) && places.length > 0) {
    return `[${listed(described(places, look, depth - 1), ", ", places.length)}]`;
  }
  const items = words(own(schema, "items") ?? true, look, depth - 1);
  return items === "anything" ? "list" : `list of ${grouped(items)}`;
}

function object(schema: Json, look: Look, depth: number): string {
  const properties = own(schema, "properties");
  const names = isObject(properties) ? Object.keys(properties) : [];
  if (names.length > 0) {
    const required = own(schema, "required");
    const needed = new Set<unknown>(Array.isArray(required) ? required : []);
    // In the order of the type where it says so: those of a JSON object are sorted.
    const order = [...needed].filter(
      (name) => typeof name === "string" && own(properties, name) !== undefined,
    );
    const shown = [...new Set([...order, ...names])].slice(0, LISTED) as string[];
    const each = shown.map((name) => `${clean(name)}${needed.has(name) ? "" : "?"}`);
    return `{ ${listed(each, ", ", names.length)} }`;
  }
  const rest = own(schema, "additionalProperties");
  if (!isObject(rest) || depth <= 0) return "object";
  const values = words(rest, look, depth - 1);
  return values === "anything" ? "object" : `map of ${grouped(values)}`;
}

function union(parts: unknown[], look: Look, depth: number): string {
  const each = described(parts, look, depth);
  // Null is what people look for: it is told however many others there are.
  if (parts.length > each.length && parts.some((part) => own(part, "type") === "null")) each.push("null");
  return either(each, parts.length > LISTED + 1);
}

/** The first few, and one more so that it can be seen that there are more. */
function described(schemas: unknown[], look: Look, depth: number): string[] {
  return schemas.slice(0, LISTED + 1).map((schema) => words(schema, look, depth));
}

function either(parts: string[], more = false): string {
  const each = [...new Set(parts)];
  if (each.includes("anything")) return "anything";
  const nullable = each.includes("null");
  const others = each.filter((part) => part !== "null");
  // Values alone are an enumeration.
  const between = others.length > 1 && others.every((part) => /^["\d]/.test(part)) ? " | " : " or ";
  const count = more ? Number.POSITIVE_INFINITY : others.length;
  const all = others.length > 0 ? listed(others, between, count) : undefined;
  return [all, nullable ? "null" : undefined].filter(Boolean).join(" or ") || "nothing";
}

function listed(parts: string[], between: string, count = parts.length): string {
  const shown = parts.slice(0, LISTED);
  return (count > shown.length ? [...shown, "…"] : shown).join(between) || "nothing";
}

/** So that `list of (text or null)` and `list of text or null` are two things. */
function grouped(type: string): string {
  return / (or|and|\|) /.test(type) && !/^[{[].*[}\]]$/.test(type) ? `(${type})` : type;
}

function quoted(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value, NAME));
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : clean(String(value));
}

/** A name from a module, fit for a line: nothing that turns the line around, hides, or fills it. */
function clean(name: string): string {
  return cut(name, NAME).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

function cut(text: string, most: number): string {
  // A character may take two places: what is cut is cut between characters.
  const characters = [...text.slice(0, most * 2 + 2)];
  return characters.length > most ? `${characters.slice(0, most).join("")}…` : characters.join("");
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Only what was written there: `constructor` is a name like any other. */
function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
