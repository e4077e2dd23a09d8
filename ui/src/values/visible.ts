/** Texts of others, with what cannot be seen made visible: a text must not look like another one. */

export interface Piece {
  text: string;
  /** It stands for a character that has no look of its own, such as `U+202E`. */
  hidden: boolean;
}

// Control characters but tab and newline; soft hyphens; zero-width, direction and tag characters; byte order marks.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The text in pieces. One plain piece for nearly all texts. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), hidden: false });
    found.push({ text: codePoint(match[0]), hidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length || found.length === 0) found.push({ text: text.slice(from), hidden: false });
  return found;
}

/** The same as one text, where it can have no look of its own: in hints and labels. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) => `<${codePoint(hidden)}>`);
}

function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
