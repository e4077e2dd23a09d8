/** What a value is, told from its JSON. `docs/values.md` says how values look as JSON. */

import { bytes, count } from "@/lib/units";
import { jsonText } from "./json";
import { TIMESTAMP, timestampText } from "./timestamp";

export type Value =
  | { kind: "null" }
  | { kind: "boolean"; value: boolean }
  /** As text, since not all integers of a value are numbers of JavaScript. */
  | { kind: "number"; text: string }
  | { kind: "string"; text: string }
  | { kind: "bytes"; base64: string; size: number }
  /** The extension of MessagePack for moments, in UTC. */
  | { kind: "timestamp"; text: string }
  | { kind: "extension"; type: number; base64: string; size: number }
  | { kind: "file"; file: FileValue }
  | { kind: "list"; items: unknown[] }
  | { kind: "map"; entries: Entry[] };

export interface FileValue {
  name: string;
  media_type: string;
  size: number;
  hash: string;
}

/** An entry of a map. Only keys that are strings, and each only once, can be part of a path. */
export interface Entry {
  key: unknown;
  value: unknown;
  reachable: boolean;
}

export function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

export function classify(json: unknown): Value {
  if (json === null || json === undefined) return { kind: "null" };
  if (typeof json === "boolean") return { kind: "boolean", value: json };
  if (typeof json === "number") return { kind: "number", text: String(json) };
  if (typeof json === "string") return { kind: "string", text: json };
  if (Array.isArray(json)) return { kind: "list", items: json };
  if (!isRecord(json)) return { kind: "null" };
  const entries = Object.entries(json);
  const only = entries.length === 1 ? entries[0] : undefined;
  return (
    (only && special(...only)) ?? {
      kind: "map",
      entries: entries.map(([key, value]) => ({ key, value, reachable: true })),
    }
  );
}

/** Objects of one key that stand for what JSON cannot say. */
function special(key: string, inner: unknown): Value | undefined {
  switch (key) {
    case "$int":
    case "$float":
      return typeof inner === "string" ? { kind: "number", text: inner } : undefined;
    case "$bytes":
      return typeof inner === "string"
        ? { kind: "bytes", base64: inner, size: base64Size(inner) }
        : undefined;
    case "$ext":
      return Array.isArray(inner) && typeof inner[0] === "number" && typeof inner[1] === "string"
        ? extension(inner[0], inner[1])
        : undefined;
    case "$file":
      return isFile(inner) ? { kind: "file", file: inner } : undefined;
    case "$map":
      return Array.isArray(inner) ? { kind: "map", entries: mapEntries(inner) } : undefined;
    default:
      return undefined;
  }
}

function extension(type: number, base64: string): Value {
  const text = type === TIMESTAMP ? timestampText(base64) : undefined;
  return text === undefined
    ? { kind: "extension", type, base64, size: base64Size(base64) }
    : { kind: "timestamp", text };
}

function isFile(json: unknown): json is FileValue {
  return (
    isRecord(json) &&
    typeof json.name === "string" &&
    typeof json.media_type === "string" &&
    typeof json.size === "number" &&
    typeof json.hash === "string"
  );
}

function mapEntries(pairs: unknown[]): Entry[] {
  const seen = new Set<unknown>();
  return pairs.map((pair) => {
    const [key, value] = Array.isArray(pair) ? pair : [];
    // A path means the first of duplicate keys.
    const reachable = typeof key === "string" && !seen.has(key);
    seen.add(key);
    return { key, value, reachable };
  });
}

/** How many bytes a base64 text stands for. */
export function base64Size(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, (base64.length / 4) * 3 - padding);
}

/** The first bytes, each as two digits: `00 ff …`. */
export function hexText(base64: string, most: number): string {
  let binary: string;
  try {
    // Four letters stand for three bytes.
    binary = atob(base64.slice(0, Math.ceil((most + 1) / 3) * 4));
  } catch {
    return "…";
  }
  const digits = [...binary].slice(0, most).map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
  return digits.join(" ") + (base64Size(base64) > most ? " …" : "");
}

/** `list of 12`, `map of 3`, `bytes`: the type in words. */
export function typeWord(value: Value): string {
  switch (value.kind) {
    case "list":
      return `list of ${count(value.items.length)}`;
    case "map":
      return `map of ${count(value.entries.length)}`;
    case "extension":
      return `extension ${value.type}`;
    case "number":
      return /^-?\d+$/.test(value.text) ? "integer" : "float";
    default:
      return value.kind;
  }
}

/** A value in at most about `room` characters. */
export function summary(json: unknown, room = 80): string {
  const value = classify(json);
  switch (value.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(value.value);
    case "number":
    case "timestamp":
      return value.text;
    case "string":
      return cut(JSON.stringify(value.text.slice(0, room + 1)), room);
    case "bytes":
    case "extension":
      return hexText(value.base64, Math.floor(room / 3));
    case "file":
      return `${cut(value.file.name, room)}, ${bytes(value.file.size)}`;
    case "list":
      return inside("[", value.items, (item, rest) => summary(item, rest), "]", room);
    case "map":
      return inside(
        "{",
        value.entries,
        ({ key, value }, rest) => `${keyText(key)}: ${summary(value, rest)}`,
        "}",
        room,
      );
  }
}

function inside<T>(
  open: string,
  parts: T[],
  show: (part: T, room: number) => string,
  close: string,
  room: number,
): string {
  let text = "";
  for (const [at, part] of parts.entries()) {
    const rest = room - text.length;
    if (rest < 8) return `${open}${text}, …${close}`;
    text += `${at === 0 ? "" : ", "}${show(part, Math.min(rest, 40))}`;
  }
  return cut(open + text + close, room + 8);
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room)}…` : text;
}

/** A key as it is shown: those that are strings plain, others as values. */
export function keyText(key: unknown): string {
  return typeof key === "string" ? key : summary(key, 40);
}

/** What is copied: the text of a string, the JSON of anything else. */
export function copyText(json: unknown): string {
  return typeof json === "string" ? json : jsonText(json);
}
