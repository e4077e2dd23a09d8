import { type UseQueryResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Column, columnsOf } from "./columns";
import {
  addElements,
  type ListWindow,
  type OutputPart,
  type OutputSource,
  sourceKey,
  WINDOW,
  windowQuery,
} from "./source";

export type RowState = { json: unknown } | "loading" | "failed" | "large";
type Windows = Map<number, UseQueryResult<ListWindow>>;

interface Rows {
  columns: Column[];
  /** A row, or why it is not here. */
  row: (index: number) => RowState;
  /** All rows that were loaded so far. */
  loaded: () => ReadonlyMap<number, unknown>;
}

/** The rows of a list. Those from `from` to `until` are asked for if they are not here. */
export function useRows(
  source: OutputSource,
  path: string,
  part: OutputPart,
  from: number,
  until: number,
): Rows {
  const cache = useQueryClient();
  const first = useMemo(() => {
    const elements = new Map<number, unknown>();
    addElements(elements, part, 0);
    return elements;
  }, [part]);
  const windows = useWindows(source, path, first, from, until);
  const columns = useColumns(first, windows);
  return {
    columns,
    row: (index) => stateOf(windows, first, index),
    loaded: () => {
      const rows = new Map(first);
      const key = [...sourceKey(source), "window", path];
      for (const [, window] of cache.getQueriesData<ListWindow>({ queryKey: key })) {
        for (const [index, row] of window?.elements ?? []) rows.set(index, row);
      }
      return rows;
    },
  };
}

function stateOf(windows: Windows, first: Map<number, unknown>, index: number): RowState {
  if (first.has(index)) return { json: first.get(index) };
  const found = windows.get(Math.floor(index / WINDOW));
  if (!found?.data) return found?.error ? "failed" : "loading";
  return found.data.elements.has(index) ? { json: found.data.elements.get(index) } : "large";
}

/** The columns of the first rows, and behind them those that later rows turn out to have. */
function useColumns(first: Map<number, unknown>, windows: Windows): Column[] {
  const [columns, setColumns] = useState(() => columnsOf([...first.values()]));
  useEffect(() => {
    const later = [...windows.values()].flatMap(({ data }) => (data ? [...data.elements.values()] : []));
    if (later.length === 0) return;
    setColumns((before) => {
      const known = new Set(before.map(({ key }) => key));
      const added = columnsOf(later).filter(({ key }) => !known.has(key));
      return added.length > 0 ? [...before, ...added] : before;
    });
  }, [windows]);
  return columns;
}

/** The windows that hold the rows from `from` to `until`, but for those that are here. */
function useWindows(
  source: OutputSource,
  path: string,
  first: Map<number, unknown>,
  from: number,
  until: number,
): Windows {
  const low = Math.floor(from / WINDOW);
  const high = Math.floor(until / WINDOW);
  const wanted = useMemo(() => {
    const wanted: number[] = [];
    for (let window = low; window <= high; window += 1) {
      if (!first.has(window * WINDOW + WINDOW - 1)) wanted.push(window);
    }
    return wanted;
  }, [low, high, first]);
  return useQueries({
    queries: wanted.map((window) => windowQuery(source, path, window * WINDOW)),
    combine: useCallback(
      (results: UseQueryResult<ListWindow>[]): Windows =>
        new Map(results.flatMap((result, at) => (wanted[at] === undefined ? [] : [[wanted[at], result]]))),
      [wanted],
    ),
  });
}
