/** Whether a log stays at its end while lines come. */

export interface Scroll {
  top: number;
  height: number;
  content: number;
}

/** So near to the end is at the end. */
const NEAR = 24;

export function isAtEnd({ top, height, content }: Scroll): boolean {
  return content - top - height <= NEAR;
}

/** Following ends where somebody scrolls up; that there is more below, because lines came, is no reason. */
export function stillFollows(before: Scroll | undefined, now: Scroll): boolean {
  return before === undefined || now.top >= before.top || isAtEnd(now);
}
