import { expect, it } from "vitest";
import { oneAtATime } from "./refresh";

const settled = () => new Promise((resolve) => setTimeout(resolve));

it("does once more what was asked for meanwhile, and never two at once", async () => {
  const ends: (() => void)[] = [];
  const work = oneAtATime(() => new Promise<void>((resolve) => ends.push(resolve)));
  work();
  work();
  work();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await settled();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await settled();
  expect(ends).toHaveLength(2);
});

it("goes on behind a failure", async () => {
  let calls = 0;
  const work = oneAtATime(() => {
    calls += 1;
    return Promise.reject(new Error("no"));
  });
  work();
  work();
  await settled();
  expect(calls).toBe(2);
});
