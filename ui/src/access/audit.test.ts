import { expect, test } from "vitest";
import { deed, details } from "./audit";

test("a change is told in words, one that is not known in the host's", () => {
  expect(deed("token.revoke")).toBe("revoked the token");
  expect(deed("galaxy.fold")).toBe("galaxy.fold");
});

test("details are one line, whatever they are", () => {
  expect(details({ revision: 3, digest: "sha256:ab", broken: [] })).toBe(
    "revision 3, digest sha256:ab, broken []",
  );
  expect(details({ broken_pipelines: ["a", { b: 1 }] })).toBe('broken pipelines ["a",{"b":1}]');
  expect(details(undefined)).toBe("");
  expect(details(null)).toBe("");
  expect(details("as it is")).toBe("as it is");
});
