/** Modules with telling names. They are guests of the tests: what matters in a picture is the pipeline. */

import type { Client } from "../harness/client";
import { component, version } from "../harness/modules";

/** Uploads them: one has a version before, one has a version that waits for an approval. */
export async function push(api: Client) {
  await api.push(component("flow"), "ledger");
  await api.push(version("flow", "0.2.0", ["Doubles a number.", "Doubles an entry."]), "ledger");
  await api.push(component("behaviours"), "warehouse");
  await api.push(version("flow", "0.3.1"), "notify");
  // It imports HTTP, and the one before does not.
  await api.push(version("outside", "0.4.0"), "notify");
}
