/** Changes that somebody made, in words. */

const DEEDS: Record<string, string> = {
  "module.upload": "uploaded the module",
  "module.activate": "switched the module",
  "module.approve": "approved the imports of the module",
  "module.remove": "removed the module",
  "pipeline.deploy": "deployed the pipeline",
  "pipeline.remove": "removed the pipeline",
  "pipeline.pause": "paused the pipeline",
  "pipeline.resume": "resumed the pipeline",
  "trigger.pause": "paused the trigger",
  "trigger.resume": "resumed the trigger",
  "run.cancel": "cancelled the run",
  "run.rerun": "repeated the run",
  "folder.refuse": "refused the file",
  "secret.set": "set the secret",
  "secret.remove": "removed the secret",
  "token.create": "made the token",
  "token.revoke": "revoked the token",
};

/** What somebody did; what has no words here keeps the host's. */
export function deed(action: string): string {
  return DEEDS[action] ?? action;
}

/** Details on one line: `revision 3, forced true`. */
export function details(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  if (typeof detail !== "object") return String(detail);
  return Object.entries(detail)
    .map(
      ([name, value]) =>
        `${name.replaceAll("_", " ")} ${typeof value === "string" ? value : JSON.stringify(value)}`,
    )
    .join(", ");
}
