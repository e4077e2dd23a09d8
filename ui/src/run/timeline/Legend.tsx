import type { State } from "@/lib/states";
import { barLook, WAITS } from "./look";

const SHOWN = ["succeeded", "failed", "running", "cancelled"] as const satisfies State[];

/** What the bars mean. */
export function Legend({ critical }: { critical: boolean }) {
  return (
    <ul
      className="flex min-w-0 max-sm:hidden flex-wrap items-center gap-x-4 gap-y-0.5 text-xs text-muted"
      aria-label="Legend"
    >
      {SHOWN.map((state) => (
        <li key={state} className="flex items-center gap-1.5">
          <span
            className="h-2.5 w-4 rounded-xs"
            style={barLook({ kind: "attempt", reused: false, state })}
            aria-hidden
          />
          {state}
        </li>
      ))}
      <li className="flex items-center gap-1.5">
        <span className="h-2.5 w-4 rounded-xs border border-succeeded bg-succeeded-soft" aria-hidden />
        earlier result
      </li>
      <li className="flex items-center gap-1.5">
        <span className="h-[3px] w-4" style={WAITS} aria-hidden />
        waiting
      </li>
      {critical && (
        <li className="flex items-center gap-1.5">
          <span className="h-0.5 w-4 bg-text" aria-hidden />
          critical path
        </li>
      )}
    </ul>
  );
}
