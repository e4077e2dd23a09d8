import { describe, expect, it } from "vitest";
import { barHeights, barsWords, type RunBrief, rateWords, summarise } from "./summary";

let made = 0;
function run(state: RunBrief["state"], duration_ms?: number): RunBrief {
  made += 1;
  return {
    id: `run-${made}`,
    state,
    created_at: "2026-01-01T00:00:00Z",
    ...(duration_ms === undefined ? {} : { duration_ms }),
  };
}

describe("summarise", () => {
  it("counts only runs that came to a result for the rate", () => {
    const summary = summarise([
      run("succeeded", 10),
      run("failed", 10),
      run("cancelled", 10),
      run("running"),
    ]);
    expect(summary.judged).toBe(2);
    expect(summary.rate).toBe(0.5);
    expect(rateWords(summary)).toBe("50 %");
  });

  it("has no rate and no typical duration without runs", () => {
    const summary = summarise([]);
    expect(summary.rate).toBeUndefined();
    expect(summary.typical).toBeUndefined();
    expect(rateWords(summary)).toBe("–");
  });

  it("takes the middle of the ended runs, whatever else is there", () => {
    expect(summarise([run("succeeded", 9), run("failed", 1), run("succeeded", 5)]).typical).toBe(5);
    expect(summarise([run("succeeded", 4), run("cancelled", 8)]).typical).toBe(6);
    // A running run may say how long it has taken so far: that is no duration yet.
    expect(summarise([run("succeeded", 4), run("running", 1_000)]).typical).toBe(4);
  });

  it("ignores ended runs that never began", () => {
    expect(summarise([run("cancelled"), run("succeeded", 7)]).typical).toBe(7);
  });

  it("never rounds one failure away", () => {
    const runs = [...Array.from({ length: 999 }, () => run("succeeded", 1)), run("failed", 1)];
    expect(rateWords(summarise(runs))).toBe("99 %");
  });
});

describe("bars", () => {
  it("are as high as their run took, relative to the longest", () => {
    expect(barHeights([run("succeeded", 0), run("failed", 50), run("succeeded", 100)], 0.5)).toEqual([
      0.5, 0.75, 1,
    ]);
  });

  it("are full for a run that goes on, and low for one that waits or took no time", () => {
    expect(barHeights([run("running"), run("queued"), run("cancelled"), run("succeeded", 0)], 0.2)).toEqual([
      1, 0.2, 0.2, 0.2,
    ]);
  });

  it("are said in words", () => {
    expect(barsWords([run("succeeded", 100), run("failed", 100)])).toBe(
      "Latest 2 runs: 1 succeeded, 1 failed; typically 100 ms",
    );
  });
});
