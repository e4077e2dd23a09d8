/** A long history, faster than it could happen. */

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import type { Host } from "./host";
import { BINARY } from "./places";

/** Lets so many more runs stand in lists: copies of those that are there. `just build` makes what does it. */
export async function lengthen(host: Host, runs: number) {
  await host.stop();
  const database = join(host.folder, "data/stepmill.db");
  execFileSync(join(dirname(BINARY), "many_runs"), [database, String(runs)]);
  await host.restart();
}
