import { queryOptions, type UseQueryResult, useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { askPart, askWindow, type OutputPart, type OutputSource, sourceKey, WINDOW } from "./source";
import { contentOf, firstOpen, type Loaded, type TreeRow, type Want, wantKey } from "./tree";
import { treeRows } from "./treeRows";

/** The rows of a tree, which of them are open, and what that needs from the host. */
export function useTree(source: OutputSource, path: string, part: OutputPart) {
  const content = useMemo(() => contentOf(part), [part]);
  // What a row wanted is kept with it: a row that is loaded wants nothing anymore, but still needs what it has.
  const [opened, setOpened] = useState<ReadonlyMap<string, Want | undefined>>(
    () => new Map([...firstOpen(content)].map((id) => [id, undefined])),
  );
  const wanted = useMemo(() => [...opened.values()].filter((want) => want !== undefined), [opened]);
  const loaded = useQueries({
    queries: wanted.map((want) => wantQuery(source, want)),
    combine: useCallback(
      (results: UseQueryResult<Loaded>[]) =>
        new Map(wanted.map((want, at) => [wantKey(want), standing(results[at])])),
      [wanted],
    ),
  });
  const rows = useMemo(() => treeRows({ path, content }, opened, loaded), [path, content, opened, loaded]);

  const toggle = (row: TreeRow, open = !row.open) => {
    if (!row.openable || row.open === open) return;
    setOpened((before) => {
      const after = new Map(before);
      if (open) after.set(row.id, row.want ?? before.get(row.id));
      else after.delete(row.id);
      return after;
    });
  };
  /** Opens what stands beside a row, as far as it is here. */
  const openSiblings = (row: TreeRow) =>
    setOpened((before) => {
      const after = new Map(before);
      for (const other of rows) {
        if (other.parent === row.parent && other.openable && !other.want && !after.has(other.id)) {
          after.set(other.id, undefined);
        }
      }
      return after;
    });
  /** Opens rows whose content is here. */
  const openAll = (ids: string[]) =>
    setOpened((before) => {
      const closed = ids.filter((id) => !before.has(id));
      return closed.length > 0
        ? new Map([...before, ...closed.map((id) => [id, undefined] as const)])
        : before;
    });
  return { rows, toggle, openSiblings, openAll };
}

function standing(result: UseQueryResult<Loaded> | undefined): Loaded {
  if (result?.data) return result.data;
  return result?.error ? { state: "failed", error: result.error } : { state: "loading" };
}

/** A window of a list, or what is at a path, whatever that is. */
function wantQuery(source: OutputSource, { path, offset }: Want) {
  return queryOptions({
    queryKey: [...sourceKey(source), "tree", path, offset ?? null],
    queryFn: async ({ signal }): Promise<Loaded> =>
      offset === undefined
        ? loadedOf(await askPart(source, { path }, signal))
        : { state: "window", window: await askWindow(source, path, offset, WINDOW, signal) },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function loadedOf(part: OutputPart): Loaded {
  const content = contentOf(part);
  switch (content.kind) {
    case "json":
      return { state: "value", value: content.json };
    case "list":
      return { state: "window", window: content };
    case "absent":
      return { state: "too-large" };
  }
}
