/** What changed from one text to another, line by line. */

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
  /** Its number in the text before and in the one after, from 1. */
  before?: number;
  after?: number;
}

/** A text that differs in more lines than this is shown as replaced: nobody reads what a search would still find. */
const MOST_EDITS = 2_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const [left, right] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end += 1;
  }
  const kinds: DiffLine["kind"][] = [
    ...Array<"same">(start).fill("same"),
    ...edits(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...Array<"same">(end).fill("same"),
  ];
  let [l, r] = [0, 0];
  return kinds.map((kind) => {
    if (kind !== "added") l += 1;
    if (kind !== "removed") r += 1;
    const text = (kind === "added" ? right[r - 1] : left[l - 1]) ?? "";
    return {
      kind,
      text,
      ...(kind === "added" ? {} : { before: l }),
      ...(kind === "removed" ? {} : { after: r }),
    };
  });
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The shortest way from one to the other (Myers, "An O(ND) Difference Algorithm"), removed lines first. */
function edits(left: string[], right: string[]): DiffLine["kind"][] {
  const most = Math.min(left.length + right.length, MOST_EDITS);
  // For each diagonal, how far along `left` one comes with `depth` edits; one map for each depth.
  const trace: Map<number, number>[] = [];
  let reached = new Map([[1, 0]]);
  for (let depth = 0; depth <= most; depth += 1) {
    const next = new Map<number, number>();
    for (let diagonal = -depth; diagonal <= depth; diagonal += 2) {
      const down = goesDown(reached, diagonal, depth);
      let x = down ? (reached.get(diagonal + 1) ?? 0) : (reached.get(diagonal - 1) ?? 0) + 1;
      let y = x - diagonal;
      while (x < left.length && y < right.length && left[x] === right[y]) {
        x += 1;
        y += 1;
      }
      next.set(diagonal, x);
      if (x >= left.length && y >= right.length) {
        return wayBack([...trace, reached], left.length, right.length);
      }
    }
    trace.push(reached);
    reached = next;
  }
  return [...Array<"removed">(left.length).fill("removed"), ...Array<"added">(right.length).fill("added")];
}

function goesDown(reached: Map<number, number>, diagonal: number, depth: number): boolean {
  return (
    diagonal === -depth ||
    (diagonal !== depth && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1))
  );
}

function wayBack(trace: Map<number, number>[], width: number, height: number): DiffLine["kind"][] {
  const kinds: DiffLine["kind"][] = [];
  let [x, y] = [width, height];
  for (let depth = trace.length - 1; depth >= 0; depth -= 1) {
    const reached = trace[depth] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = goesDown(reached, diagonal, depth);
    const from = down ? diagonal + 1 : diagonal - 1;
    const [fromX, fromY] = [reached.get(from) ?? 0, (reached.get(from) ?? 0) - from];
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      kinds.push("same");
      x -= 1;
      y -= 1;
    }
    if (depth > 0) kinds.push(down ? "added" : "removed");
    [x, y] = [fromX, fromY];
  }
  return kinds.reverse();
}

/** Changed lines with a few around them; what is left out between is counted. */
export type DiffPart = { lines: DiffLine[] } | { left: number };

export function foldSame(lines: readonly DiffLine[], around: number): DiffPart[] {
  const shown = new Uint8Array(lines.length);
  lines.forEach((line, index) => {
    if (line.kind !== "same") shown.fill(1, Math.max(0, index - around), index + around + 1);
  });
  const parts: DiffPart[] = [];
  let at = 0;
  while (at < lines.length) {
    const from = at;
    const visible = shown[at];
    while (at < lines.length && shown[at] === visible) at += 1;
    parts.push(visible ? { lines: lines.slice(from, at) } : { left: at - from });
  }
  return parts;
}
