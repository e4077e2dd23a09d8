/** What of a log is looked at. It can stand in the address. */

import { oneIn, textIn } from "@/lib/address";
import { LEVELS, type LogLevel } from "./lines";

export interface LogChoice {
  /** Only lines that are at least this loud. */
  level?: LogLevel | undefined;
  /** What is searched for. */
  find?: string | undefined;
  /** Of the log of a whole run: only the lines of this step. */
  only?: string | undefined;
  /** The id of a line. */
  line?: string | undefined;
}

/** Takes what it understands of an address, and leaves the rest out. */
export function readLogChoice(search: Record<string, unknown>): LogChoice {
  const choice: LogChoice = {
    level: oneIn(search.level, LEVELS),
    find: textIn(search.find),
    only: textIn(search.only),
    line: textIn(search.line),
  };
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined));
}
