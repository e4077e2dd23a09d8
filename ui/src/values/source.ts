/** Where a stored value is, and how its parts are asked for. What is stored never changes, so parts are kept. */

import { queryOptions } from "@tanstack/react-query";
import { type Api, answer, api } from "@/api/client";
import { readJson } from "./json";

/** What a step returned (of a step over items: one item, or all of them), or what a run was given. */
export type OutputSource =
  | { kind: "step"; run: string; step: string; item?: number; attempt?: number }
  | { kind: "param"; run: string; name: string };

export type OutputPart = Api<"OutputPart">;

/** How many elements are asked for at once. */
export const WINDOW = 100;

/** The answers that may be needed to fill one window: the host stops where an answer becomes too large. */
const MAX_ANSWERS = 8;

interface PartRequest {
  /** Such as `months[3].extremes`; empty for all of it. */
  path?: string;
  offset?: number;
  limit?: number;
}

/** A part of a value; of a list, the elements from `offset` on. */
export function partQuery(source: OutputSource, { path = "", offset = 0, limit = WINDOW }: PartRequest = {}) {
  return queryOptions({
    queryKey: [...sourceKey(source), "part", path, offset, limit],
    queryFn: ({ signal }) => askPart(source, { path, offset, limit }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** A window of a list: its elements by their place, as far as they are small enough to be shown. */
export interface ListWindow {
  total: number;
  /** Those that are missing are too large to come along: each can be asked for by its path. */
  elements: Map<number, unknown>;
}

/** The elements of a list from `offset` on, in as many answers as that takes. */
export function windowQuery(source: OutputSource, path: string, offset: number, limit = WINDOW) {
  return queryOptions({
    queryKey: [...sourceKey(source), "window", path, offset, limit],
    queryFn: ({ signal }) => askWindow(source, path, offset, limit, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export async function askWindow(
  source: OutputSource,
  path: string,
  offset: number,
  limit: number,
  signal: AbortSignal,
): Promise<ListWindow> {
  const window: ListWindow = { total: 0, elements: new Map() };
  let next: number | null | undefined = offset;
  for (let answers = 0; answers < MAX_ANSWERS && typeof next === "number"; answers += 1) {
    const rest: number = offset + limit - next;
    if (rest <= 0) break;
    const part: OutputPart = await askPart(source, { path, offset: next, limit: rest }, signal);
    window.total = part.total ?? 0;
    addElements(window.elements, part, next);
    next = part.next;
  }
  return window;
}

/** Takes the elements of an answer. Where some are left out, a null may stand for one of them. */
export function addElements(elements: Map<number, unknown>, part: OutputPart, offset: number) {
  if (!Array.isArray(part.value)) return;
  part.value.forEach((element: unknown, index) => {
    if (element !== null || !part.too_large) elements.set(offset + index, element);
  });
}

export async function askPart(
  source: OutputSource,
  request: PartRequest,
  signal: AbortSignal,
): Promise<OutputPart> {
  const { path, offset, limit = WINDOW } = request;
  const query = { ...(path ? { path } : {}), ...(offset ? { offset } : {}), limit };
  // As text: numbers are to be read as they are written.
  const text = await answer(
    source.kind === "param" ? askParam(source, query, signal) : askOutput(source, query, signal),
  );
  return readJson(text) as OutputPart;
}

interface PartParams {
  path?: string;
  offset?: number;
  limit: number;
}

function askParam(
  { run, name }: Extract<OutputSource, { kind: "param" }>,
  query: PartParams,
  signal: AbortSignal,
) {
  const params = { path: { run, name }, query };
  return api.GET("/api/v1/runs/{run}/params/{name}", { params, signal, parseAs: "text" });
}

function askOutput({ run, step, item, attempt }: StepSource, part: PartParams, signal: AbortSignal) {
  const which = { ...(item === undefined ? {} : { item }), ...(attempt === undefined ? {} : { attempt }) };
  const params = { path: { run, step }, query: { ...part, ...which } };
  return api.GET("/api/v1/runs/{run}/steps/{step}/output", { params, signal, parseAs: "text" });
}

/** What tells one source from another; also a key for React. */
export function sourceKey(source: OutputSource): (string | number | null)[] {
  return source.kind === "param"
    ? ["run", source.run, "param", source.name]
    : ["run", source.run, "output", source.step, source.item ?? null, source.attempt ?? null];
}

export type StepSource = Extract<OutputSource, { kind: "step" }>;

/** The address of the bytes as MessagePack. */
export function rawUrl(source: StepSource): string {
  return `${stepUrl(source)}/output/raw${search(source, true)}`;
}

/** The address of a file. The host counts the files of the whole step, so an item makes no difference. */
export function fileUrl(source: StepSource, index: number): string {
  return `${stepUrl(source)}/files/${index}${search(source, false)}`;
}

/** The address of a file as something to look at. */
export function previewUrl(source: StepSource, index: number): string {
  return `${stepUrl(source)}/files/${index}/preview${search(source, false)}`;
}

function stepUrl({ run, step }: StepSource): string {
  return `/api/v1/runs/${encodeURIComponent(run)}/steps/${encodeURIComponent(step)}`;
}

function search({ item, attempt }: StepSource, withItem: boolean): string {
  const asked = new URLSearchParams();
  if (withItem && item !== undefined) asked.set("item", String(item));
  if (attempt !== undefined) asked.set("attempt", String(attempt));
  const text = asked.toString();
  return text ? `?${text}` : "";
}
