/** Sentences of the host, as they are shown. */

import { absolute, type Zone } from "@/lib/time";

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** The host writes times in UTC: here they are in the zone that is preferred. */
export function withLocalTimes(text: string, zone: Zone): string {
  return text.replace(TIME, (time) => `${absolute(time, zone)}${zone === "utc" ? " UTC" : ""}`);
}

/** The first letter large, except where a name begins the sentence. */
export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
