/** The names of attempts: `runs/RUN/STEP/3`, `runs/RUN/STEP[7]/1`. */

export interface AttemptName {
  run: string;
  step: string;
  item?: number;
  attempt: number;
}

export function readAttemptName(name: string): AttemptName | undefined {
  const [, run, step, item, attempt] = /^runs\/([^/]+)\/([^/[\]]+)(?:\[(\d+)\])?\/(\d+)$/.exec(name) ?? [];
  if (!run || !step) return undefined;
  return { run, step, attempt: Number(attempt), ...(item ? { item: Number(item) } : {}) };
}

/** The beginning of an id, for where it stands among other words. */
export function shortId(id: string): string {
  return id.length > 13 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

/** `0`, `0–99`. */
export function rangeWords({ first, count }: { first: number; count: number }): string {
  return count > 1 ? `${first}–${first + count - 1}` : String(first);
}
