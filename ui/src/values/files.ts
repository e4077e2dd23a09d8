/** What of a file can be shown, and how its text is read. */

import { OfflineError, problem } from "@/api/client";

/** The host shows no larger ones. */
export const MAX_PREVIEW = 16 * 1024 * 1024;
/** How much of a text is read. */
export const MAX_TEXT = 1024 * 1024;

export type PreviewKind = "page" | "image" | "csv" | "text" | "none";

const KINDS: Record<string, PreviewKind> = {
  html: "page",
  htm: "page",
  svg: "image",
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  csv: "csv",
  tsv: "csv",
};

/** What nobody can read as text. All else is tried: logs and notes have any name. */
const BINARY = new Set(
  "pdf zip gz tgz bz2 xz zst 7z tar wasm bin exe parquet arrow feather avro orc sqlite db xlsx xls docx pptx ods mp3 mp4 mov webm ogg wav flac woff woff2 ttf otf ico bmp tif tiff heic msgpack npy npz pkl".split(
    " ",
  ),
);

/** How a file is shown: told from the end of its name alone, as the host does. */
export function previewKind(name: string): PreviewKind {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (BINARY.has(ending)) return "none";
  return Object.hasOwn(KINDS, ending) ? (KINDS[ending] ?? "text") : "text";
}

export interface ReadText {
  text: string;
  /** There is more, which was not read. */
  cut: boolean;
}

/** The beginning of a file as text. */
export async function readText(url: string, signal: AbortSignal, most = MAX_TEXT): Promise<ReadText> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw signal.aborted ? error : new OfflineError();
  }
  if (!response.ok) throw problem(response.status, await response.json().catch(() => undefined));
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    const rest = most - size;
    text += decoder.decode(value.subarray(0, rest), { stream: true });
    size += value.length;
    if (size > most) {
      await reader.cancel();
      return { text, cut: true };
    }
  }
  return { text: text + decoder.decode(), cut: false };
}
