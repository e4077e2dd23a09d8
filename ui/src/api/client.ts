/** Speaks to the host: the routes and types are those of its OpenAPI description. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
/** A type of the API by its name. */
export type Api<Name extends keyof Schemas> = Schemas[Name];

const client = createClient<paths>({ baseUrl: window.location.origin });

/** The methods of the API by route: `api.GET("/api/v1/runs")`. Use {@link answer} on what they return. */
export const api = client;

/** What the host says when something cannot be done. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What to do next. */
    readonly help: string | undefined,
    /** What is wrong with a pipeline. */
    readonly problems: Api<"ProblemView">[],
  ) {
    super(message);
    this.name = "ProblemError";
  }
}

/** The host did not answer at all. */
export class OfflineError extends Error {
  constructor() {
    super("The host does not answer");
    this.name = "OfflineError";
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws {@link ProblemError} or {@link OfflineError}. */
export async function answer<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answered: Answer<T>;
  try {
    answered = await asked;
  } catch (error) {
    throw isAbort(error) ? error : new OfflineError();
  }
  if (!answered.response.ok) {
    throw problem(answered.response.status, answered.error);
  }
  return answered.data as T;
}

/** What a body of `application/problem+json` says. */
export function problem(status: number, body: unknown): ProblemError {
  const said = (typeof body === "object" && body !== null ? body : {}) as Partial<Api<"Problem">>;
  const message = said.detail || said.title || `The host answered with status ${status}`;
  const problems = (said.problems ?? []) as unknown as Api<"ProblemView">[];
  return new ProblemError(status, message, said.help ?? undefined, problems);
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
