import { expect, test, vi } from "vitest";
import { isMissingPart, surviveMissingParts } from "./parts";

const live = vi.hoisted(() => ({ connected: true as boolean | undefined, calls: 0 }));
vi.mock("@/api/live", () => ({
  isConnected: () => live.connected,
  reloadWhenConnected: () => {
    live.calls += 1;
  },
}));

function missing(): Error {
  const event = new Event("vite:preloadError") as Event & { payload: Error };
  event.payload = new TypeError("Failed to fetch dynamically imported module: /assets/x.js");
  window.dispatchEvent(event);
  return event.payload;
}

test("a part that is missing is the router's affair, unless the host is away", () => {
  surviveMissingParts();
  expect(isMissingPart(missing())).toBe(false);
  expect(live.calls).toBe(0);
  live.connected = false;
  expect(isMissingPart(missing())).toBe(true);
  expect(live.calls).toBe(1);
});
