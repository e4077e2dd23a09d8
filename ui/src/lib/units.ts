/** Sizes and counts in words. */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `12 B`, `1.5 MiB`. */
export function bytes(count: number): string {
  let size = count;
  let unit = 0;
  while (size >= 1_024 && unit < SIZES.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${size.toFixed(digits)} ${SIZES[unit]}`;
}

/** `1,461`. */
export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** `1 step`, `12 steps`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `93 %`, never 100 or 0 unless it is all or nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0) {
    return "–";
  }
  const rounded = Math.round((part / whole) * 100);
  const honest = part < whole ? Math.min(rounded, 99) : rounded;
  return `${part > 0 ? Math.max(honest, 1) : honest} %`;
}
