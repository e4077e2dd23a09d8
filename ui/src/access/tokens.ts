/** What tokens are, in words. */

import type { Api } from "@/api/client";

export type Standing = "valid" | "expired" | "revoked";

/** Whether a token still lets somebody in. */
export function standing(token: Api<"TokenView">, now: number): Standing {
  if (token.revoked_at) return "revoked";
  return token.expires_at && Date.parse(token.expires_at) <= now ? "expired" : "valid";
}

/** Those that are valid come first, then the newest. */
export function sortTokens(tokens: Api<"TokenView">[], now: number): Api<"TokenView">[] {
  const rank = (token: Api<"TokenView">) => (standing(token, now) === "valid" ? 0 : 1);
  return [...tokens].sort(
    (one, other) => rank(one) - rank(other) || Date.parse(other.created_at) - Date.parse(one.created_at),
  );
}

export const ROLES: { role: Api<"Role">; may: string }[] = [
  { role: "viewer", may: "sees everything but tokens and the audit" },
  { role: "operator", may: "also starts, cancels and repeats runs, and pauses triggers" },
  { role: "publisher", may: "also uploads modules and deploys pipelines" },
  { role: "admin", may: "also sets secrets and makes tokens" },
];

/** For how long a token may be valid. */
export const LIFETIMES = [
  { days: 1, words: "a day" },
  { days: 30, words: "30 days" },
  { days: 90, words: "90 days" },
  { days: 365, words: "a year" },
];

/** When a token ends that is made now. */
export function expiry(days: number | undefined, now: number): string | undefined {
  return days === undefined ? undefined : new Date(now + days * 86_400_000).toISOString();
}
