/** The keys of lists: `j` and `k` go down and up, Enter opens. */

import { useEffect, useRef, useState } from "react";
import { isTyping } from "@/shell/shortcuts";

interface Keys {
  onMove: (index: number) => void;
  onOpen: (index: number) => void;
}

/** Returns where in the list somebody is; -1 before they began. */
export function useListKeys(length: number, keys: Keys): number {
  const [at, setAt] = useState(-1);
  const latest = useRef({ at, length, keys });
  latest.current = { at, length, keys };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { at, length, keys } = latest.current;
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = event.key === "j" ? at + 1 : event.key === "k" ? at - 1 : undefined;
      if (next !== undefined && next >= 0 && next < length) {
        setAt(next);
        keys.onMove(next);
      } else if (event.key === "Enter" && event.target === document.body && at >= 0 && at < length) {
        keys.onOpen(at);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return at;
}
