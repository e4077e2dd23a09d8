/** How many lines steps wrote for which their logs had no room. */

import type { Api } from "@/api/client";
import type { LogSource } from "./follow";

export function droppedLines(detail: Api<"RunDetail">, { step, item, attempt }: LogSource): number {
  let dropped = 0;
  for (const { name, attempts, items } of detail.steps) {
    if (step !== undefined && name !== step) continue;
    if (items && item === undefined && attempt === undefined) {
      // All attempts together, also those that the detail leaves out.
      dropped += items.usage?.log_lines_dropped ?? 0;
      continue;
    }
    for (const tried of attempts) {
      const isMeant = item === undefined || (tried.items?.first === item && tried.items.count === 1);
      if (isMeant && (attempt === undefined || tried.attempt === attempt)) {
        dropped += tried.usage?.log_lines_dropped ?? 0;
      }
    }
  }
  return dropped;
}
