/** Times and durations in words. All take `now`, so that they can be tested and lists tick together. */

export type Zone = "local" | "utc";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 min ago`, `in 2 h`, `now`. Beyond a month it is the date. */
export function relative(at: string | number, now: number): string {
  const distance = new Date(at).getTime() - now;
  const size = Math.abs(distance);
  if (size < 5 * SECOND) {
    return "now";
  }
  if (size > 30 * DAY) {
    return absolute(at, "local").slice(0, 10);
  }
  const [unit, name] =
    size < MINUTE ? [SECOND, "s"] : size < HOUR ? [MINUTE, "min"] : size < DAY ? [HOUR, "h"] : [DAY, "d"];
  const text = `${Math.floor(size / unit)} ${name}`;
  return distance < 0 ? `${text} ago` : `in ${text}`;
}

/** `2026-01-31 06:00:00`, in the zone. */
export function absolute(at: string | number, zone: Zone | string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(zone === "local" ? {} : { timeZone: zone === "utc" ? "UTC" : zone }),
  }).formatToParts(new Date(at));
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")} ${of("hour")}:${of("minute")}:${of("second")}`;
}

/** `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: at most two units. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) {
    return milliseconds <= 0 ? "0 ms" : "< 1 ms";
  }
  if (milliseconds < SECOND) {
    return `${Math.round(milliseconds)} ms`;
  }
  if (milliseconds < MINUTE) {
    return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  }
  const [unit, name, below, belowName] =
    milliseconds < HOUR
      ? [MINUTE, "min", SECOND, "s"]
      : milliseconds < DAY
        ? [HOUR, "h", MINUTE, "min"]
        : [DAY, "d", HOUR, "h"];
  const whole = Math.floor(milliseconds / unit);
  const rest = Math.floor((milliseconds % unit) / below);
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${belowName}`;
}
