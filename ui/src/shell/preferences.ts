/** What a person prefers, kept in the browser: theme, and how times are told. */

import { useSyncExternalStore } from "react";
import type { Zone } from "@/lib/time";

export interface Preferences {
  theme: "system" | "light" | "dark";
  zone: Zone;
  times: "relative" | "absolute";
}

const KEYS = { theme: "stepmill.theme", zone: "stepmill.zone", times: "stepmill.times" } as const;
const listeners = new Set<() => void>();
const systemDark = matchMedia("(prefers-color-scheme: dark)");

let preferences = read();

function read(): Preferences {
  const one = <T extends string>(key: string, values: readonly T[], otherwise: T): T => {
    const kept = localStorage.getItem(key);
    return values.find((value) => value === kept) ?? otherwise;
  };
  return {
    theme: one<Preferences["theme"]>(KEYS.theme, ["light", "dark"], "system"),
    zone: one<Zone>(KEYS.zone, ["utc"], "local"),
    times: one<Preferences["times"]>(KEYS.times, ["absolute"], "relative"),
  };
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preferences,
  );
}

export function prefer(change: Partial<Preferences>) {
  preferences = { ...preferences, ...change };
  for (const [name, key] of Object.entries(KEYS) as [keyof Preferences, string][]) {
    localStorage.setItem(key, preferences[name]);
  }
  if (preferences.theme === "system") {
    // The script in the head looks for a choice only.
    localStorage.removeItem(KEYS.theme);
  }
  paint();
  for (const told of listeners) told();
}

export function isDark(): boolean {
  return preferences.theme === "system" ? systemDark.matches : preferences.theme === "dark";
}

function paint() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

systemDark.addEventListener("change", paint);
