/** Parts of the UI are loaded when they are first needed, also while the host is away. */

import { OfflineError } from "@/api/client";
import { isConnected, reloadWhenConnected } from "@/api/live";

/**
 * Keeps the page that is there when a part of it cannot be loaded because the host is away, and loads it anew when the host
 * is back. Where the host is there and the part is not, it has another UI by now: the router loads that by itself.
 */
export function surviveMissingParts() {
  window.addEventListener("vite:preloadError", ({ payload }) => {
    if (isConnected()) return;
    // The router knows missing parts by this message, and would load the page of a host that does not answer.
    payload.message = new OfflineError().message;
    reloadWhenConnected();
  });
}

/** Whether an error says that a part is missing because the host is away. */
export function isMissingPart(error: unknown): boolean {
  return error instanceof Error && error.message === new OfflineError().message;
}
