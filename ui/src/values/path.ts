/** Paths into values, written as pipelines write them: `months[3].extremes["high °C"]`. */

/** The path of what is behind a key. */
export function intoKey(path: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The path of an element. */
export function intoIndex(path: string, index: number): string {
  return `${path}[${index}]`;
}

export interface Crumb {
  /** The last segment, as it is written. */
  label: string;
  path: string;
}

/** The parts of a path, from the outside in. Nothing where it is no path. */
export function crumbs(path: string): Crumb[] | undefined {
  const found: Crumb[] = [];
  const segment = /\.?([A-Za-z0-9_-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  let at = 0;
  while (at < path.length) {
    segment.lastIndex = at;
    const match = segment.exec(path);
    // Only the first key stands without a dot.
    if (!match || (match[1] !== undefined && at > 0 && path[at] !== ".")) return undefined;
    at = segment.lastIndex;
    const label = match[1] ?? (match[2] === undefined ? `[${match[3]}]` : `[${match[2]}]`);
    found.push({ label, path: path.slice(0, at) });
  }
  return found;
}
