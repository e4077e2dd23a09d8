import { expect, test } from "vitest";
import { reaches, usefulGrants } from "./imports";

const IMPORTS = [
  "stepmill:step/host@0.1.0",
  "wasi:io/streams@0.2.6",
  "wasi:http/types@0.2.6",
  "evil:corp/api",
  "wasi:io/poll@0.2.6",
];

test("every import stands in one group, what can be granted first", () => {
  const groups = reaches(IMPORTS);
  expect(groups.map(({ name }) => name)).toEqual(["HTTP", "others", "stepmill", "streams"]);
  expect(groups.flatMap(({ imports }) => imports).sort()).toEqual([...IMPORTS].sort());
});

test("a name that only begins like a known one is another", () => {
  expect(reaches(["wasi:http-evil/x", "wasi:httpx/y"]).map(({ name }) => name)).toEqual(["others"]);
});

test("only what a pipeline can grant counts as a grant", () => {
  expect(usefulGrants(IMPORTS)).toEqual(["net"]);
  expect(usefulGrants(["wasi:sockets/tcp@0.2.6"])).toEqual([]);
});
