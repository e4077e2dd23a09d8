/** What a tree of a value is made of: what is here, what is not, and the rows that are seen. */

import { addElements, type ListWindow, type OutputPart, WINDOW } from "./source";
import { classify, type Value } from "./value";

/** What an open row needs from the host. */
export interface Want {
  path: string;
  /** Of a list: from which element on. Without it, what is at the path is wanted. */
  offset?: number;
}

/** How a wanted part stands. */
export type Loaded =
  | { state: "loading" }
  | { state: "failed"; error: unknown }
  | { state: "window"; window: ListWindow }
  | { state: "value"; value: unknown }
  /** A map that is larger than an answer. */
  | { state: "too-large" };

export interface TreeRow {
  id: string;
  depth: number;
  /** The key or index; nothing for the whole value. */
  label: string | undefined;
  /** A key, an index, a range of a list, or a remark about what is not here. */
  role: "key" | "index" | "range" | "remark";
  /** Where it is; nothing where no path leads to it. */
  path: string | undefined;
  /** What it is, if that is known. */
  json?: unknown;
  value?: Value;
  type: string;
  openable: boolean;
  open: boolean;
  /** What is to be loaded before it can be opened. */
  want?: Want;
  /** Its place among its siblings, from 1, and how many they are. */
  place: number;
  siblings: number;
  /** The row that it is in. */
  parent: string | undefined;
  /** Of a remark: why there is nothing. */
  remark?: Exclude<Loaded, { state: "window" | "value" }>;
}

/** A value that is there, the windows of a list, or something that is not there yet. */
export type Content =
  | { kind: "json"; json: unknown }
  | { kind: "list"; total: number; elements: Map<number, unknown> }
  | { kind: "absent" };

/** What an answer holds, if it is small enough. */
export function contentOf(part: OutputPart): Content {
  if (typeof part.total === "number") {
    const elements = new Map<number, unknown>();
    addElements(elements, part, 0);
    return { kind: "list", total: part.total, elements };
  }
  return part.too_large ? { kind: "absent" } : { kind: "json", json: part.value };
}

/** The key under which a wanted part is found. */
export function wantKey({ path, offset }: Want): string {
  return `${offset ?? "-"} ${path}`;
}

/** A list, whether all of it is here or only some windows. */
export function asList(
  content: Content,
): { total: number; elements: (index: number) => Content } | undefined {
  if (content.kind === "list") return { total: content.total, elements: inWindow(content.elements) };
  if (content.kind === "json" && Array.isArray(content.json)) {
    const items: unknown[] = content.json;
    return { total: items.length, elements: (index) => ({ kind: "json", json: items[index] }) };
  }
  return undefined;
}

export function inWindow(elements: Map<number, unknown>): (index: number) => Content {
  return (index) => (elements.has(index) ? { kind: "json", json: elements.get(index) } : { kind: "absent" });
}

/** What is open at first: the value itself, and what is in it while that stays short. */
export function firstOpen(content: Content): Set<string> {
  const open = new Set([""]);
  const total = asList(content)?.total;
  if (total !== undefined) {
    if (total > WINDOW) open.add("/0+");
    if (total <= 3) for (let index = 0; index < total; index += 1) open.add(`/${index}`);
    return open;
  }
  if (content.kind !== "json") return open;
  const value = classify(content.json);
  if (value.kind !== "map" || value.entries.length > 12) return open;
  value.entries.forEach((entry, index) => {
    const inner = classify(entry.value);
    const size = inner.kind === "map" ? inner.entries.length : inner.kind === "list" ? inner.items.length : 0;
    if (size > 0 && size <= 8) open.add(`/${index}`);
  });
  return open;
}
