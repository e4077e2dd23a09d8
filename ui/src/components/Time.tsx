import { useSyncExternalStore } from "react";
import { absolute, duration, relative } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const told of listeners) told();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, once a second: everything on the page ticks together. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** A moment: relative with the other form as a hint, or the other way round, as preferred. */
export function Time({ at }: { at: string | null | undefined }) {
  const { times, zone } = usePreferences();
  const now = useNow();
  if (!at) {
    return <span className="text-faint">–</span>;
  }
  const exact = `${absolute(at, zone)}${zone === "utc" ? " UTC" : ""}`;
  const near = relative(at, now);
  return (
    <time dateTime={at} title={times === "relative" ? exact : near} className="whitespace-nowrap">
      {times === "relative" ? near : exact}
    </time>
  );
}

/** How long something took, or takes since `from`. */
export function Duration({ ms, from }: { ms?: number | null | undefined; from?: string | null | undefined }) {
  if (ms !== undefined && ms !== null) {
    return <span className="tabular whitespace-nowrap">{duration(ms)}</span>;
  }
  return from ? <Elapsed from={from} /> : <span className="text-faint">–</span>;
}

function Elapsed({ from }: { from: string }) {
  const now = useNow();
  const elapsed = Math.max(0, now - new Date(from).getTime());
  return <span className="tabular whitespace-nowrap">{duration(Math.floor(elapsed / 1_000) * 1_000)}</span>;
}
