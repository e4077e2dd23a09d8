/**
 * JSON that keeps what JavaScript would lose: a float without a fraction is a float (`1.0`), and `-0.0` is not `0`.
 * Both are read as `{"$float": "1.0"}`, the word that the host itself uses for floats that JSON cannot say.
 */

/** A text, which is left alone, or a number. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

export function readJson(text: string): unknown {
  const kept = text.replace(TOKEN, (token) => (isWholeFloat(token) ? `{"$float":"${token}"}` : token));
  return JSON.parse(kept) as unknown;
}

function isWholeFloat(token: string): boolean {
  return !token.startsWith('"') && /[.eE]/.test(token) && Number.isInteger(Number(token));
}

/** A value as indented JSON, just as the host wrote it. */
export function jsonText(json: unknown): string {
  const text = JSON.stringify(json, null, 2) ?? "null";
  // Only numbers are turned back: `NaN` is none in JSON.
  return text.replace(/\{\s*"\$float": "(-?\d[\d.eE+-]*)"\s*\}/g, "$1");
}
