/** Lines of a run's log as they come. */

import { type Api, answer, api } from "@/api/client";
import { openStream } from "@/api/stream";
import { type Line, Numbering } from "./lines";

/** Whose lines. */
export interface LogSource {
  run: string;
  step?: string | undefined;
  item?: number | undefined;
  attempt?: number | undefined;
}

export interface LogState {
  lines: Line[];
  /** More than are kept here: so many of the first ones are gone. */
  gone: number;
  standing: "loading" | "live" | "lost" | "ended" | "failed";
  error?: unknown;
}

export const NO_LINES: LogState = { lines: [], gone: 0, standing: "loading" };

/** A log of more lines is for another program. */
export const MAX_LINES = 100_000;

/** Reads the log of a run that has ended, or follows one that goes on. Returns what stops it. */
export function followLog(
  source: LogSource,
  live: boolean,
  onChange: (change: (before: LogState) => LogState) => void,
): () => void {
  return live ? follow(source, onChange) : read(source, onChange);
}

type OnChange = Parameters<typeof followLog>[2];

/** All lines that there are by now, however many. */
export async function readAll({ run, ...query }: LogSource, signal?: AbortSignal): Promise<Line[]> {
  const { lines } = await answer(
    api.GET("/api/v1/runs/{run}/logs", {
      params: { path: { run }, query: present(query) },
      ...(signal ? { signal } : {}),
    }),
  );
  return new Numbering().number(lines);
}

function read(source: LogSource, onChange: OnChange): () => void {
  const stop = new AbortController();
  readAll(source, stop.signal).then(
    (lines) => onChange(() => ({ ...withLines(NO_LINES, lines), standing: "ended" })),
    (error: unknown) => {
      if (!stop.signal.aborted) onChange((before) => ({ ...before, standing: "failed", error }));
    },
  );
  return () => stop.abort();
}

function follow(source: LogSource, onChange: OnChange): () => void {
  let numbering = new Numbering();
  // A stream that is opened anew says everything again.
  let anew = true;
  return openStream({
    url: streamUrl(source),
    events: ["lines", "end"],
    endsWith: "end",
    onOpen: () => {
      anew = true;
    },
    onState: (connected) =>
      onChange((before) =>
        before.standing === "ended" ? before : { ...before, standing: connected ? "live" : "lost" },
      ),
    onEvent: (name, data) => {
      if (name === "end") {
        onChange((before) => ({ ...before, standing: "ended" }));
        return;
      }
      if (anew) numbering = new Numbering();
      const lines = numbering.number(JSON.parse(data) as Api<"LogLineView">[]);
      const isFirst = anew;
      anew = false;
      onChange((before) => withLines(isFirst ? { ...before, lines: [], gone: 0 } : before, lines));
    },
  });
}

/** The lines with more behind them. */
export function withLines(before: LogState, more: Line[], most = MAX_LINES): LogState {
  const all = before.lines.concat(more);
  const over = Math.max(0, all.length - most);
  return { ...before, lines: over > 0 ? all.slice(over) : all, gone: before.gone + over };
}

export function streamUrl({ run, ...query }: LogSource): string {
  const asked = new URLSearchParams();
  for (const [key, value] of Object.entries(present(query))) asked.set(key, String(value));
  const text = asked.toString();
  return `/api/v1/runs/${encodeURIComponent(run)}/logs${text ? `?${text}` : ""}`;
}

function present({ step, item, attempt }: Omit<LogSource, "run">) {
  return {
    ...(step === undefined ? {} : { step }),
    ...(item === undefined ? {} : { item }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}
