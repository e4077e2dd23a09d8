/** A value as the rows of a tree. Long lists are cut into ranges, which are loaded when they are opened. */

import { count } from "@/lib/units";
import { intoIndex, intoKey } from "./path";
import { WINDOW } from "./source";
import { asList, type Content, inWindow, type Loaded, type TreeRow, wantKey } from "./tree";
import { classify, keyText, typeWord } from "./value";

export interface Opened {
  has: (id: string) => boolean;
}

interface Place {
  id: string;
  parent: string | undefined;
  depth: number;
  label: string | undefined;
  role: TreeRow["role"];
  path: string | undefined;
  place: number;
  siblings: number;
}

/** The rows that are seen, from top to bottom. */
export function treeRows(
  root: { path: string; content: Content },
  opened: Opened,
  loaded: ReadonlyMap<string, Loaded>,
): TreeRow[] {
  const rows: TreeRow[] = [];

  function visit(at: Place, content: Content) {
    if (content.kind === "absent") {
      visitAbsent(at);
      return;
    }
    const list = asList(content);
    const value = content.kind === "json" ? classify(content.json) : undefined;
    const children = list?.total ?? (value?.kind === "map" ? value.entries.length : 0);
    const open = children > 0 && opened.has(at.id);
    const row: TreeRow = {
      ...at,
      type: list ? `list of ${count(list.total)}` : value ? typeWord(value) : "",
      openable: children > 0,
      open,
    };
    if (content.kind === "json") row.json = content.json;
    if (value) row.value = value;
    rows.push(row);
    if (!open) return;
    if (list) visitList(at, list);
    else if (value?.kind === "map") {
      value.entries.forEach(({ key, value: inner, reachable }, index) => {
        const name = keyText(key);
        const path = at.path !== undefined && reachable ? intoKey(at.path, String(key)) : undefined;
        visit(child(at, index, name, "key", path, value.entries.length), { kind: "json", json: inner });
      });
    }
  }

  function visitList(at: Place, list: { total: number; elements: (index: number) => Content }) {
    if (list.total <= WINDOW) {
      visitElements(at, list, 0, list.total);
      return;
    }
    const ranges = Math.ceil(list.total / WINDOW);
    for (let range = 0; range < ranges; range += 1) {
      visitRange(at, list, range, ranges);
    }
  }

  function visitRange(
    at: Place,
    list: { total: number; elements: (index: number) => Content },
    range: number,
    ranges: number,
  ) {
    const from = range * WINDOW;
    const end = Math.min(from + WINDOW, list.total);
    const id = `${at.id}/${from}+`;
    const open = opened.has(id);
    const here = list.elements(from).kind !== "absent";
    const want = here || at.path === undefined ? undefined : { path: at.path, offset: from };
    rows.push({
      id,
      parent: at.id,
      depth: at.depth + 1,
      label: `${from} … ${end - 1}`,
      role: "range",
      path: undefined,
      place: range + 1,
      siblings: ranges,
      type: "",
      openable: true,
      open,
      ...(want ? { want } : {}),
    });
    if (!open) return;
    const inside: Place = { ...at, id, depth: at.depth + 1 };
    if (!want) {
      visitElements(inside, list, from, end);
      return;
    }
    const found = loaded.get(wantKey(want)) ?? { state: "loading" };
    if (found.state === "window") {
      visitElements(inside, { elements: inWindow(found.window.elements) }, from, end);
    } else if (found.state !== "value") {
      remark(inside, found);
    }
  }

  function visitElements(
    at: Place,
    list: { elements: (index: number) => Content },
    from: number,
    end: number,
  ) {
    for (let index = from; index < end; index += 1) {
      const path = at.path === undefined ? undefined : intoIndex(at.path, index);
      visit(
        { ...child(at, index, String(index), "index", path, end - from), place: index - from + 1 },
        list.elements(index),
      );
    }
  }

  /** Something that is too large to have come along: opened, it is asked for by its path. */
  function visitAbsent(at: Place) {
    const open = opened.has(at.id);
    const want = at.path === undefined ? undefined : { path: at.path };
    const found = want && open ? (loaded.get(wantKey(want)) ?? { state: "loading" as const }) : undefined;
    if (found?.state === "value") {
      visit(at, { kind: "json", json: found.value });
      return;
    }
    if (found?.state === "window") {
      visit(at, { kind: "list", ...found.window });
      return;
    }
    const row: TreeRow = { ...at, type: "large", openable: want !== undefined, open: found !== undefined };
    if (want) row.want = want;
    rows.push(row);
    if (found) remark({ ...at, id: at.id, depth: at.depth }, found);
  }

  function remark(at: Place, why: Exclude<Loaded, { state: "window" | "value" }>) {
    rows.push({
      ...child(at, 0, undefined, "remark", undefined, 1),
      type: "",
      openable: false,
      open: false,
      remark: why,
    });
  }

  const place: Place = {
    id: "",
    parent: undefined,
    depth: 0,
    label: undefined,
    role: "key",
    path: root.path,
    place: 1,
    siblings: 1,
  };
  visit(place, root.content);
  return rows;
}

function child(
  at: Place,
  index: number,
  label: string | undefined,
  role: TreeRow["role"],
  path: string | undefined,
  siblings: number,
): Place {
  return {
    id: `${at.id}/${index}`,
    parent: at.id,
    depth: at.depth + 1,
    label,
    role,
    path,
    place: index + 1,
    siblings,
  };
}
