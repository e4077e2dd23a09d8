import { memo } from "react";
import { pieces, visible } from "./visible";

/** A text of more is one that somebody wrote to be a burden. */
const MAX_PIECES = 1_000;

/** A text that somebody else wrote, in which nothing is hidden. */
export const Plain = memo(function Plain({ text }: { text: string }) {
  const shown = pieces(text);
  if (shown.length === 1 && !shown[0]?.hidden) return text;
  if (shown.length > MAX_PIECES) return visible(text);
  return shown.map((piece, at) =>
    piece.hidden ? (
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
        key={at}
        title="A character that cannot be seen"
        className="mx-px rounded bg-cancelled-soft px-0.5 text-[0.85em] text-cancelled"
      >
        {piece.text}
      </span>
    ) : (
      piece.text
    ),
  );
});
