import { describe, expect, it } from "vitest";
import { runWord } from "./states";

describe("runWord", () => {
  it("tells more than the state of a run that has not ended", () => {
    expect(runWord({ state: "running" })).toBe("running");
    expect(runWord({ state: "running", interrupted: true })).toBe("interrupted");
    expect(runWord({ state: "queued", cancel_requested: true })).toBe("cancelling");
    expect(runWord({ state: "running", interrupted: true, cancel_requested: true })).toBe("cancelling");
  });

  it("is the state once a run has ended", () => {
    expect(runWord({ state: "cancelled", cancel_requested: true })).toBe("cancelled");
    expect(runWord({ state: "succeeded", cancel_requested: true })).toBe("succeeded");
  });
});
