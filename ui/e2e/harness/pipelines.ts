/** The texts of pipelines that tests, screenshots and measurements have in common. All use the guests of `tests/guests`. */

/** Takes every sort of parameter, and succeeds. */
export const ORDERS = `
name = "orders"
description = "Adds up the orders of a day and greets the **customer**"
output = "greet"
[params]
csv = { type = "file", description = "the orders of a day, CSV" }
customer = { type = "string", description = "whom to greet", default = "Ada" }
limit = { type = "integer", description = "how many orders at most", default = 5 }
items = { type = "json", description = "the numbers of the orders", default = [1, 2, 3] }
[steps.size]
use = "behaviours/file_size"
inputs.file = "params.csv"
[steps.prices]
use = "flow/double"
for_each = "params.items"
inputs.value = "item"
[steps.total]
use = "flow/sum"
inputs.numbers = "prices"
[steps.greet]
use = "flow/greet"
inputs.name = "params.customer"
needs = ["size", "total"]
`;

/** Fails in the middle with an error that has a cause; a part of it goes on, a part never begins. */
export const IMPORT = `
name = "import"
description = "Fails: what it imports is no number"
[steps.fetch]
use = "flow/emit"
config.value = 7
[steps.parse]
use = "behaviours/fail"
needs = ["fetch"]
on_error = "continue"
[steps.store]
use = "flow/emit"
needs = ["parse"]
[steps.count]
use = "flow/double"
inputs.value = "fetch"
`;

/** Fails for the items that a parameter says are bad: a rerun with another one repeats nothing but these. */
export const FLAKY = `
name = "flaky"
[params]
bad = { type = "json", default = [2, 3] }
[steps.prepare]
use = "flow/list"
config.items = [1, 2, 3, 4]
[steps.check]
use = "flow/fail_if"
for_each = "prepare"
inputs.value = "item"
config.bad = { from = "params.bad" }
[steps.publish]
use = "flow/sum"
inputs.numbers = "check"
`;

/** Steps that are skipped, each for another reason. */
export const CHOICE = `
name = "choice"
description = "Takes one of two ways"
[branches.size]
small = "measure < 100"
large = "else"
[steps.measure]
use = "flow/emit"
config.value = 40
[steps.sample]
use = "flow/emit"
branch = "size.large"
[steps.whole]
use = "flow/emit"
branch = "size.small"
[steps.alert]
use = "flow/say"
config.text = "too large"
when = "measure > 90"
[steps.told]
use = "flow/emit"
needs = ["alert"]
[steps.report]
use = "flow/tell"
inputs.left = "sample"
inputs.right = "whole"
join = "none_failed"
`;

/** Runs until it is cancelled. It sleeps, so that it takes no time from what else goes on. */
export const SLOW = `
name = "slow"
description = "Waits for an hour"
[steps.prepare]
use = "flow/emit"
[steps.wait]
use = "behaviours/sleeps"
needs = ["prepare"]
timeout = "2h"
grants = { clock = true }
[steps.publish]
use = "flow/emit"
needs = ["wait"]
`;

/** Once for each of many items, some of which fail. */
export const FAN_OUT = `
name = "fan_out"
description = "Once for each of 60 regions"
[steps.regions]
use = "flow/list"
config.items = [${Array.from({ length: 60 }, (_, index) => index).join(", ")}]
[steps.load]
use = "flow/fail_if"
for_each = "regions"
inputs.value = "item"
config.bad = [7, 31]
on_error = "continue"
max_parallel = 8
[steps.merge]
use = "flow/emit"
needs = ["load"]
join = "all_done"
`;

/** Started by a webhook that anybody may call. */
export const HOOKED = `
name = "hooked"
[params]
body = { type = "string" }
[steps.shout]
use = "behaviours/shout"
inputs.text = "params.body"
[triggers.push]
webhook = { path = "orders", auth = "none", param = "body" }
overlap = "allow"
`;

/** Due once a year, so that nothing of it happens in a test. */
export const SCHEDULED = `
name = "nightly"
description = "Due each night"
[steps.tidy]
use = "flow/emit"
[triggers.night]
cron = "0 3 * * *"
timezone = "Europe/Berlin"
paused = true
[triggers.yearly]
cron = "@yearly"
`;

/** A graph of so many steps: layers of 25 of which each step needs two of the layer before. */
export function wide(steps: number, name = "wide"): string {
  const lines = [`name = "${name}"`, `description = "${steps} steps"`];
  for (let index = 0; index < steps; index += 1) {
    const [layer, place] = [Math.floor(index / 25), index % 25];
    const before = layer === 0 ? [] : [place, (place + 1) % 25].map((at) => stepName((layer - 1) * 25 + at));
    lines.push(`[steps.${stepName(index)}]`, 'use = "flow/emit"', `config.value = ${index}`);
    if (before.length > 0) lines.push(`needs = [${before.map((step) => `"${step}"`).join(", ")}]`);
  }
  return lines.join("\n");
}

export const stepName = (index: number) => `step_${String(index).padStart(4, "0")}`;

export function chain(prefix: string, length: number, text: string): string {
  return Array.from({ length }, (_, index) => {
    const needs = index > 0 ? `\nneeds = ["${prefix}_${index}"]` : "";
    return `[steps.${prefix}_${index + 1}]\n${text}${needs}`;
  }).join("\n");
}
