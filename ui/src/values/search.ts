/** Finds keys and texts in a value: its rows in the tree, by their ids. */

import { WINDOW } from "./source";
import type { Content } from "./tree";
import { classify, keyText } from "./value";

/** More matches than anybody goes through. */
export const MAX_FOUND = 1_000;
/** More values than are looked at. */
const MAX_SEEN = 300_000;

export interface Found {
  ids: string[];
  /** Not everything was looked at, or there are more matches. */
  more: boolean;
}

/** What is here of a value and has the text in its key or as its content, whatever its case. */
export function findInTree(content: Content, text: string): Found {
  const wanted = text.toLowerCase();
  const found: Found = { ids: [], more: false };
  if (wanted === "") return found;
  let seen = 0;

  function visit(json: unknown, id: string, label: string) {
    seen += 1;
    if (seen > MAX_SEEN || found.ids.length >= MAX_FOUND) {
      found.more = true;
      return;
    }
    const value = classify(json);
    if (label.toLowerCase().includes(wanted) || ownText(value).toLowerCase().includes(wanted))
      found.ids.push(id);
    if (value.kind === "list") {
      for (const [index, item] of value.items.entries()) {
        if (found.more) return;
        visit(item, elementId(id, index, value.items.length), "");
      }
    } else if (value.kind === "map") {
      for (const [index, entry] of value.entries.entries()) {
        if (found.more) return;
        visit(entry.value, `${id}/${index}`, keyText(entry.key));
      }
    }
  }

  if (content.kind === "json") visit(content.json, "", "");
  else if (content.kind === "list") {
    for (const [index, element] of content.elements) visit(element, elementId("", index, content.total), "");
  }
  return found;
}

/** The id of an element's row: long lists are cut into ranges. */
function elementId(list: string, index: number, total: number): string {
  const range = total > WINDOW ? `/${Math.floor(index / WINDOW) * WINDOW}+` : "";
  return `${list}${range}/${index}`;
}

/** The rows that a row is in, from the outside in. */
export function ancestorsOf(id: string): string[] {
  const parts = id.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

function ownText(value: ReturnType<typeof classify>): string {
  switch (value.kind) {
    case "string":
    case "number":
    case "timestamp":
      return value.text;
    case "boolean":
      return String(value.value);
    case "null":
      return "null";
    case "file":
      return value.file.name;
    default:
      return "";
  }
}
