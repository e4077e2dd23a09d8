/** Triggers in words. */

import type { Api } from "@/api/client";
import { duration } from "@/lib/time";

type Trigger = Api<"TriggerView">;

/** The kinds of the host; a program that embeds it may add its own. */
export const KINDS = ["cron", "every", "file", "webhook", "finished"] as const;

/** What a trigger waits for, in a few words. */
export function waitsFor({ kind, waits_for, timezone }: Trigger): string {
  switch (kind) {
    case "cron":
      return `${waits_for} (${timezone ?? "UTC"})`;
    case "every": {
      const [, milliseconds] = /^(\d{1,15}) ms$/.exec(waits_for) ?? [];
      return milliseconds === undefined ? waits_for : `every ${duration(Number(milliseconds))}`;
    }
    case "webhook":
      return `POST ${waits_for}`;
    case "finished":
      return `the end of a run of ${waits_for}`;
    case "file":
      return `a file in ${waits_for}`;
    default:
      return waits_for;
  }
}

const OVERLAPS: Record<string, string> = {
  skip: "An event while a run of this trigger goes on starts no run.",
  queue:
    "An event while a run of this trigger goes on starts a run that begins when those before it have ended.",
  allow: "Events start runs also while others of this trigger go on.",
  cancel_previous: "An event starts a run, and cancels those of this trigger that go on.",
};

/** What happens to an event while a run of the trigger goes on. */
export function overlapWords(overlap: string): string | undefined {
  return Object.hasOwn(OVERLAPS, overlap) ? OVERLAPS[overlap] : undefined;
}

/** Which triggers a list shows. All of it stands in the address. */
export interface TriggerFilter {
  kind?: string;
  pipeline?: string;
  text?: string;
}

export function matches(trigger: Trigger, { kind, pipeline, text }: TriggerFilter): boolean {
  const wanted = text?.trim().toLowerCase();
  return (
    (kind === undefined || trigger.kind === kind) &&
    (pipeline === undefined || trigger.pipeline === pipeline) &&
    (!wanted ||
      [trigger.name, trigger.pipeline, waitsFor(trigger)].some((part) => part.toLowerCase().includes(wanted)))
  );
}

/** A trigger's name among those of all pipelines. */
export function triggerId({ pipeline, name }: Trigger): string {
  return `${pipeline}/${name}`;
}
