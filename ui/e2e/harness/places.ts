/** Where the things are that the tests need, and which of them are missing. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** What failing tests leave behind. */
export const FAILURES = join(ROOT, "ui/e2e/failures");

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");

/** A debug build reads the UI from the disk: what is tested is what `vite build` made last. */
export const BINARY = process.env.STEPMILL_BINARY ?? join(TARGET, "debug/stepmill");

export const DIST = join(ROOT, "ui/dist");

/** `just guests` puts them here, wherever everything else is built. */
const GUESTS = join(ROOT, "target/guests/components");

export const GUEST_NAMES = ["flow", "behaviours", "outside"] as const;
export type Guest = (typeof GUEST_NAMES)[number];

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const NO_BROWSER =
  "No Chromium was found: install one (`just _chromium`) or name it in STEPMILL_CHROMIUM";

/** The component of a guest of `tests/guests`. */
export const guestPath = (name: Guest) => join(GUESTS, `${name}.wasm`);

export function browserPath(): string | undefined {
  return process.env.STEPMILL_CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
}

/** What has to be built first, each with how. */
export function missing(): string[] {
  const lacks: string[] = [];
  if (!existsSync(BINARY)) lacks.push(`the host at ${BINARY}: run \`just build\``);
  if (!existsSync(join(DIST, "index.html"))) lacks.push(`the UI at ${DIST}: run \`just ui\``);
  for (const name of GUEST_NAMES) {
    if (!existsSync(guestPath(name))) lacks.push(`the guest \`${name}\` at ${GUESTS}: run \`just guests\``);
  }
  return lacks;
}
