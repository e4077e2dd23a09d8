import { expect, test } from "vitest";
import { expiry, sortTokens, standing } from "./tokens";

const NOW = Date.parse("2026-06-01T12:00:00Z");

function token(name: string, more: { expires_at?: string; revoked_at?: string; created_at?: string } = {}) {
  return { name, role: "viewer", created_at: "2026-05-01T00:00:00Z", created_by: "admin", ...more };
}

test("a token is valid until it expires or is revoked", () => {
  expect(standing(token("a"), NOW)).toBe("valid");
  expect(standing(token("a", { expires_at: "2026-06-01T12:00:01Z" }), NOW)).toBe("valid");
  expect(standing(token("a", { expires_at: "2026-06-01T12:00:00Z" }), NOW)).toBe("expired");
  const revoked = { revoked_at: "2026-05-02T00:00:00Z", expires_at: "2026-05-03T00:00:00Z" };
  expect(standing(token("a", revoked), NOW)).toBe("revoked");
});

test("what is valid comes first, then what is new", () => {
  const tokens = [
    token("revoked", { revoked_at: "2026-05-31T00:00:00Z", created_at: "2026-05-30T00:00:00Z" }),
    token("old"),
    token("new", { created_at: "2026-05-20T00:00:00Z" }),
  ];
  expect(sortTokens(tokens, NOW).map(({ name }) => name)).toEqual(["new", "old", "revoked"]);
});

test("a lifetime ends so many days from now, or never", () => {
  expect(expiry(30, NOW)).toBe("2026-07-01T12:00:00.000Z");
  expect(expiry(undefined, NOW)).toBeUndefined();
});
