import { useCallback, useState, useSyncExternalStore } from "react";

const KEY = "stepmill.panel";
export const LEAST = 22;
export const MOST = 75;
const USUAL = 40;
const WIDE = 70;

const narrow = matchMedia("(max-width: 699px)");

export interface PanelWidth {
  /** In parts of a hundred of the view. */
  percent: number;
  /** The window has no room for anything beside it. */
  narrow: boolean;
  wide: boolean;
  set: (percent: number) => void;
  toggle: () => void;
}

/** How wide the panel of a step is: as it was left the last time, in this browser. */
export function usePanelWidth(): PanelWidth {
  const isNarrow = useSyncExternalStore(onNarrow, () => narrow.matches);
  const [percent, setPercent] = useState(read);
  const set = useCallback((percent: number) => {
    const within = Math.min(MOST, Math.max(LEAST, Math.round(percent)));
    setPercent(within);
    localStorage.setItem(KEY, String(within));
  }, []);
  const wide = percent > (USUAL + WIDE) / 2;
  return { percent, narrow: isNarrow, wide, set, toggle: () => set(wide ? USUAL : WIDE) };
}

function read(): number {
  const kept = Number(localStorage.getItem(KEY));
  return kept >= LEAST && kept <= MOST ? kept : USUAL;
}

function onNarrow(listener: () => void): () => void {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}
