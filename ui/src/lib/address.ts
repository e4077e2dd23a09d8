/** Reads search parameters of an address, which anybody may have written. */

/** A text; numbers too, since `?version=1` is read as one. Nothing else, and nothing endless. */
export function textIn(value: unknown): string | undefined {
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  return typeof text === "string" && text !== "" ? text.slice(0, 200) : undefined;
}

/** One of the words that are known. */
export function oneIn<T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((word) => word === value);
}
