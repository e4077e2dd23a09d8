import { useEffect, useState } from "react";
import { followLog, type LogSource, type LogState, NO_LINES } from "./follow";

/** The lines of a log, and how it stands. */
export function useLog(
  { run, step, item, attempt }: LogSource,
  live: boolean,
): LogState & { retry: () => void } {
  const [state, setState] = useState(NO_LINES);
  // A stream hears of the end by itself: nothing has to be read again then.
  const [wasLive] = useState(live);
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a retry begins anew
  useEffect(() => {
    setState(NO_LINES);
    return followLog({ run, step, item, attempt }, wasLive, setState);
  }, [run, step, item, attempt, wasLive, tries]);
  return { ...state, retry: () => setTries((before) => before + 1) };
}
