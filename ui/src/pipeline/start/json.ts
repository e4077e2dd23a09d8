/** Where a text stops being JSON. `JSON.parse` says that in each browser differently, and not always with the place. */

export interface JsonMistake {
  message: string;
  /** From 1. */
  line: number;
  column: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A string without its closing quote: as far as one goes well. */
const OPENED = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*`;
const STRING = new RegExp(`${OPENED}"`, "y");
const BLANKS = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;

/** What is wrong with a text, if it is no JSON. */
export function jsonMistake(text: string): JsonMistake | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const { at, message } = firstMistake(text);
    const before = text.slice(0, at).split("\n");
    return { message, line: before.length, column: [...(before.at(-1) ?? "")].length + 1 };
  }
}

interface Found {
  at: number;
  message: string;
}

/** Reads the text with a stack of what is open, so that depth costs no calls. */
function firstMistake(text: string): Found {
  const open: ("{" | "[")[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const wanted = (what: string): Found => ({
    at,
    message:
      at >= text.length
        ? `it ends where ${what} is missing`
        : `${what} is missing before ${quoted(text, at)}`,
  });
  let expects: "value" | "first value" | "key" | "first key" | "more" = "value";
  for (;;) {
    take(BLANKS);
    const next = text[at];
    const inner = open.at(-1);
    if (expects === "more") {
      if (inner === undefined) return { at, message: `nothing may follow, but there is ${quoted(text, at)}` };
      if (next === ",") {
        at += 1;
        expects = inner === "{" ? "key" : "value";
      } else if (next === (inner === "{" ? "}" : "]")) {
        at += 1;
        open.pop();
      } else {
        return wanted(inner === "{" ? "`,` or `}`" : "`,` or `]`");
      }
    } else if (expects === "key" || expects === "first key") {
      if (next === "}" && expects === "first key") {
        at += 1;
        open.pop();
        expects = "more";
        continue;
      }
      if (take(STRING) === undefined)
        return next === '"' ? badString(text, at) : wanted("a key in double quotes");
      take(BLANKS);
      if (text[at] !== ":") return wanted("`:`");
      at += 1;
      expects = "value";
    } else if (next === "]" && expects === "first value") {
      at += 1;
      open.pop();
      expects = "more";
    } else if (next === "{" || next === "[") {
      at += 1;
      open.push(next);
      expects = next === "{" ? "first key" : "first value";
    } else if ((take(STRING) ?? take(NUMBER) ?? take(WORD)) !== undefined) {
      expects = "more";
    } else {
      return next === '"' ? badString(text, at) : wanted("a value");
    }
  }
}

function badString(text: string, start: number): Found {
  const good = new RegExp(OPENED, "y");
  good.lastIndex = start;
  const at = start + (good.exec(text)?.[0].length ?? 0);
  if (text[at] === "\\") return { at, message: "there is no such escape in JSON" };
  if (at >= text.length || text[at] === "\n")
    return { at, message: "the text is not closed with a double quote" };
  return { at, message: "a control character must be written as an escape" };
}

function quoted(text: string, at: number): string {
  return `\`${String.fromCodePoint(text.codePointAt(at) ?? 32)}\``;
}
