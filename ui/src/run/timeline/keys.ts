/** What keys do in a timeline. */

/** The row that a key leads to. */
export function rowFor(key: string, at: number, rows: number, page: number): number | undefined {
  const to = towards(key, at, rows, page);
  return to === undefined ? undefined : Math.min(Math.max(to, 0), rows - 1);
}

function towards(key: string, at: number, rows: number, page: number): number | undefined {
  switch (key) {
    case "ArrowDown":
    case "j":
      return at + 1;
    case "ArrowUp":
    case "k":
      return at - 1;
    case "PageDown":
      return at + page;
    case "PageUp":
      return at - page;
    case "Home":
      return 0;
    case "End":
      return rows - 1;
    default:
      return undefined;
  }
}

/** How a key changes the scale, or moves along it, in parts of what is shown. */
export function scaleFor(key: string): { zoom: number } | { pan: number } | { all: true } | undefined {
  switch (key) {
    case "+":
    case "=":
      return { zoom: CLOSER };
    case "-":
      return { zoom: FURTHER };
    case "0":
      return { all: true };
    case "ArrowRight":
      return { pan: PAN };
    case "ArrowLeft":
      return { pan: -PAN };
    default:
      return undefined;
  }
}

export const CLOSER = 0.7;
export const FURTHER = 1 / CLOSER;
export const PAN = 0.15;
