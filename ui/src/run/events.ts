/** What happened in a run, in words. */

import type { Api } from "@/api/client";
import type { State } from "@/lib/states";
import { duration } from "@/lib/time";
import { bytes, count, plural } from "@/lib/units";
import { rangeWords } from "./attempts";
import { kindWords } from "./failures";

export type RunEvent = Api<"EventView">;

export interface Told {
  /** What happened, such as "attempt 2 failed". */
  says: string;
  /** What belongs to it: a message, a size, a time. */
  detail?: string;
  /** Whose colour and icon it has. */
  state?: State;
}

/** The step that it is about, if it is about one. */
export function stepOf(event: RunEvent): string | undefined {
  return "step" in event ? event.step : undefined;
}

export function tell(event: RunEvent): Told {
  switch (event.event) {
    case "run_created":
      return { says: "run accepted", state: "queued" };
    case "run_stopped":
      return { says: "stopped with the host" };
    case "run_resumed":
      return { says: "run taken up again by a host", state: "running" };
    case "attempt_started":
      return { says: `${attempt(event)} began`, state: "running" };
    case "attempt_succeeded": {
      const { output, usage, reused } = event;
      const took = reused ? `taken from ${reused}` : `${duration(usage.wall_us / 1_000)}`;
      return {
        says: `${attempt(event)} succeeded`,
        detail: `${took} · ${outputWords(output)}`,
        state: "succeeded",
      };
    }
    case "attempt_failed":
      return {
        says: `${attempt(event)} failed`,
        detail: `${kindWords(event.failure.kind)}: ${event.failure.message}`,
        state: "failed",
      };
    case "attempt_lost":
      return { says: `${attempt(event)} was lost`, detail: "the host had stopped", state: "lost" };
    case "attempt_returned":
      return { says: `${attempt(event)} waits again`, state: "waiting" };
    case "condition_held":
      return { says: "condition held", detail: valueWords(event.values) };
    case "fanned_out":
      return { says: `has ${plural(event.items, "item")}` };
    case "carried":
      return {
        says: event.items ? `${itemWords(event.items)} taken over` : "result taken over",
        detail: `from ${event.from}`,
        state: "succeeded",
      };
    case "step_succeeded":
      return { says: "all items succeeded", detail: outputWords(event.output), state: "succeeded" };
    case "step_failed":
      return {
        says: "step failed",
        detail: `${kindWords(event.failure.kind)}: ${event.failure.message}`,
        state: "failed",
      };
    case "step_skipped":
      return { says: "skipped", detail: event.reason.message, state: "skipped" };
    case "step_cancelled":
      return { says: "cancelled", detail: event.reason.message, state: "cancelled" };
    case "cancel_requested":
      return { says: "cancellation asked for", state: "cancelled" };
    case "run_finished":
      return { says: `run ${event.state}`, state: event.state };
    case "log":
      return { says: event.text };
    case "progress":
      return { says: event.message || "progress" };
  }
}

type Attempted = { attempt: number; items?: Api<"RangeView"> | null };

function attempt({ attempt, items }: Attempted): string {
  if (!items) return `attempt ${attempt}`;
  return attempt > 1 ? `attempt ${attempt} of ${itemWords(items)}` : itemWords(items);
}

function itemWords(items: Api<"RangeView">): string {
  return `${items.count > 1 ? "items" : "item"} ${rangeWords(items)}`;
}

export function outputWords({ form, items, size_bytes, files }: Api<"OutputView">): string {
  const parts = [
    ...(form === "rows" && items != null ? [plural(items, "row")] : []),
    bytes(size_bytes),
    ...(files?.length ? [plural(files.length, "file")] : []),
  ];
  return parts.join(", ");
}

/** `total = 228, params.limit = 100`. */
export function valueWords(values: readonly Api<"ReadValue">[]): string {
  return values.map(({ path, value }) => `${path} = ${value}`).join(", ");
}

/** Those that have the text in what they say, or in the name of their step. */
export function filterEvents(events: RunEvent[], text: string | undefined): RunEvent[] {
  const wanted = text?.trim().toLowerCase();
  if (!wanted) return events;
  return events.filter((event) => {
    const { says, detail } = tell(event);
    return `${stepOf(event) ?? ""} ${says} ${detail ?? ""}`.toLowerCase().includes(wanted);
  });
}

/** `+1.204 s` since the run was accepted. */
export function sinceStart(at: string, start: string): string {
  const milliseconds = Math.max(0, Date.parse(at) - Date.parse(start));
  return `+${count(Math.floor(milliseconds / 1_000))}.${String(milliseconds % 1_000).padStart(3, "0")} s`;
}
