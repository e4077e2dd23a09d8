/**
 * What is typed into the form of a run, as the JSON that the host is sent. Numbers stay the text they are: a whole number
 * of 64 bits would not survive being a number of the browser.
 */

import type { Api } from "@/api/client";
import { jsonMistake } from "./json";

export type Param = Api<"PipelineParam">;

/** What a field holds. Switches hold `true` or `false`, other fields their text; of a file it is what its upload answered. */
export type FieldValue = string | boolean | Api<"FileUploaded"> | null;
export type FormValues = Record<string, FieldValue>;

/** The JSON of a value; nothing, where the default is left to the host; or what is wrong with it. */
export type Parsed = { json: string | undefined } | { mistake: string };

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Whether a run must be given it. */
export function isRequired(param: Param): boolean {
  return param.default === undefined;
}

/** What a field begins with. A default that a number of the browser cannot hold is not shown, and still taken. */
export function initialValue(param: Param): FieldValue {
  const given = param.default;
  switch (param.kind) {
    case "file":
      return null;
    case "boolean":
      return given === undefined ? "" : given === true;
    case "string":
      return typeof given === "string" ? given : "";
    case "integer":
      return Number.isSafeInteger(given) ? String(given) : "";
    case "number":
      return typeof given === "number" && Math.abs(given) <= Number.MAX_SAFE_INTEGER ? String(given) : "";
    case "json":
      return given === undefined ? "" : JSON.stringify(given, null, 2);
  }
}

export function initialValues(params: readonly Param[]): FormValues {
  return Object.fromEntries(params.map((param) => [param.name, initialValue(param)]));
}

export function parseValue(param: Param, value: FieldValue | undefined): Parsed {
  // What was not changed is the default, to the last digit: the host knows it better.
  if (!isRequired(param) && (value === undefined || value === initialValue(param)))
    return { json: undefined };
  if (value === null || value === undefined || value === "") {
    if (param.kind === "string" && !isRequired(param)) return { json: '""' };
    return isRequired(param) || param.kind === "string" ? { mistake: needs(param) } : { json: undefined };
  }
  if (typeof value === "object") return { json: JSON.stringify({ file: value.file }) };
  if (typeof value === "boolean") return { json: String(value) };
  switch (param.kind) {
    case "integer":
      return parseInteger(value.trim());
    case "number":
      return parseNumber(value.trim());
    case "boolean":
      return { json: value === "true" ? "true" : "false" };
    case "json": {
      const mistake = jsonMistake(value);
      return mistake
        ? { mistake: `Not JSON: ${mistake.message} (line ${mistake.line}, column ${mistake.column})` }
        : { json: value };
    }
    default:
      return { json: JSON.stringify(value) };
  }
}

function needs(param: Param): string {
  if (param.kind === "file") return "A run needs this file";
  return param.kind === "boolean" ? "Choose one of the two" : "A run needs this parameter";
}

function parseInteger(text: string): Parsed {
  if (!/^[+-]?\d+$/.test(text)) return { mistake: "This must be a whole number, as in 42" };
  const value = BigInt(text.replace(/^\+/, ""));
  if (value < LEAST || value > MOST) return { mistake: `This must be from ${LEAST} to ${MOST}` };
  return { json: String(value) };
}

function parseNumber(text: string): Parsed {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) {
    return { mistake: "This must be a number, as in 0.5 or 1e6" };
  }
  // A whole number that a float would round is sent as it is.
  if (/^[+-]?\d+$/.test(text) && !Number.isSafeInteger(Number(text))) {
    const whole = parseInteger(text);
    if ("json" in whole) return whole;
  }
  const value = Number(text);
  return Number.isFinite(value) ? { json: String(value) } : { mistake: "This number is too large" };
}

/** The body of the request that starts a run. Values are put in as they were parsed. */
export function startBody(params: readonly Param[], values: FormValues, cache: boolean): string {
  const given = params.flatMap((param) => {
    const parsed = parseValue(param, values[param.name]);
    return "json" in parsed && parsed.json !== undefined
      ? [`${JSON.stringify(param.name)}:${parsed.json}`]
      : [];
  });
  return `{"params":{${given.join(",")}},"cache":${cache}}`;
}
