import { useEffect, useState } from "react";

/** How often what goes on grows. */
const TICK_MS = 250;

/** The time, a few times a second while something goes on and somebody may see it. */
export function useTicking(live: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!live) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [live]);
  return now;
}
