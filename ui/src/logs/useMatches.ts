import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { findLines, type Line } from "./lines";

export interface Matches {
  text: string;
  setText: (text: string) => void;
  /** What is marked: it may lag behind what is typed. */
  find: string;
  count: number;
  /** Which of them one is at, from 0. */
  at: number;
  setAt: (at: number) => void;
  /** The id of the line of that match. */
  current: string | undefined;
}

/** For so long, nobody types before the address is changed. */
const TYPED_MS = 400;

/** Searches in lines. The one at which one is stays the same while lines come. */
export function useMatches(
  lines: Line[],
  first: string | undefined,
  onText: (text: string | undefined) => void,
  onShow: (at: number) => void,
  /** Something else is shown at first than the first match. */
  stay: boolean,
): Matches {
  const [text, setText] = useState(first ?? "");
  const find = useDeferredValue(text);
  const found = useMemo(() => findLines(lines, find), [lines, find]);
  const [here, setHere] = useState<string>();
  const at = Math.max(
    0,
    found.findIndex((index) => lines[index]?.id === here),
  );
  const current = lines[found[at] ?? -1]?.id;

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed changes the address
  useEffect(() => {
    if (text === (first ?? "")) return;
    const timer = setTimeout(() => onText(text || undefined), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const setAt = (to: number) => {
    const index = found[to];
    if (index === undefined) return;
    setHere(lines[index]?.id);
    onShow(index);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search goes to its first match, once
  useEffect(() => {
    if (find === first && stay) return;
    if (find !== "" && found.length > 0) setAt(0);
  }, [find]);

  return { text, setText, find, count: found.length, at, setAt, current };
}
