/** Modules on their way to the host, one behind the other: each is compiled there, which takes all it has. */

import type { Api } from "@/api/client";

export type Phase =
  | { is: "waiting" }
  | { is: "sending"; part: number }
  | { is: "checking" }
  | { is: "done"; report: Api<"UploadReport"> }
  /** `breaks`: only because pipelines would not work any more. */
  | { is: "refused"; error: Error; breaks?: boolean };

export interface Upload {
  key: number;
  file: File;
  /** What it is called, if not what it says itself. */
  name?: string | undefined;
  /** Also if pipelines break. */
  force?: boolean;
  phase: Phase;
}

export type Change =
  | { add: File[]; name?: string | undefined }
  | { of: number; to: Phase; force?: boolean }
  /** Takes away what has ended. */
  | { clear: true };

/** Lists are kept this short: what ended first goes first. */
const MOST = 50;

export function change(uploads: Upload[], change: Change): Upload[] {
  if ("add" in change) {
    const first = (uploads.at(-1)?.key ?? 0) + 1;
    const added = change.add.map(
      (file, index): Upload => ({ key: first + index, file, name: change.name, phase: { is: "waiting" } }),
    );
    return [...uploads, ...added].slice(-MOST);
  }
  if ("clear" in change) return uploads.filter(({ phase }) => !hasEnded(phase));
  return uploads.map((upload) =>
    upload.key === change.of ? { ...upload, ...(change.force && { force: true }), phase: change.to } : upload,
  );
}

/** The one to be sent next; nothing while one is on its way. */
export function next(uploads: Upload[]): Upload | undefined {
  const busy = uploads.some(({ phase }) => phase.is === "sending" || phase.is === "checking");
  return busy ? undefined : uploads.find(({ phase }) => phase.is === "waiting");
}

export function hasEnded({ is }: Phase): boolean {
  return is === "done" || is === "refused";
}

/** What became of it, in words. */
export function verdict({ name, version, state, active }: Api<"UploadReport">): string {
  const module = version ? `${name} ${version}` : name;
  if (state === "waiting") return `${module} waits for an approval: it imports more than the version before`;
  return active ? `${module} is active` : `${module} is there, and not active`;
}

/** Where it is sent. */
export function address({ name, force }: Upload): string {
  const query = new URLSearchParams({ ...(name && { name }), ...(force && { force: "true" }) }).toString();
  return `/api/v1/modules${query && `?${query}`}`;
}

/** Components only: what else is dropped is told so before it is sent. */
export function isComponent(file: File): boolean {
  return file.name.endsWith(".wasm");
}
