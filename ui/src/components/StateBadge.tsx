import clsx from "clsx";
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  LoaderCircle,
  type LucideIcon,
  OctagonX,
} from "lucide-react";
import type { Api } from "@/api/client";
import { colour, runWord, type State, softColour } from "@/lib/states";

const ICONS: Record<State, LucideIcon> = {
  queued: Clock,
  waiting: CircleDashed,
  running: LoaderCircle,
  succeeded: CircleCheck,
  failed: CircleX,
  lost: CircleAlert,
  skipped: CircleSlash,
  cancelled: OctagonX,
};

interface IconProps {
  state: State;
  size?: number;
  /** Said to who does not see it; leave it out where the word stands beside it. */
  label?: boolean;
}

export function StateIcon({ state, size = 15, label }: IconProps) {
  const Icon = ICONS[state];
  return (
    <Icon
      size={size}
      strokeWidth={2.25}
      style={{ color: colour(state) }}
      className={clsx("shrink-0", state === "running" && "animate-spin [animation-duration:1.6s]")}
      {...(label ? { role: "img", "aria-label": state } : { "aria-hidden": true })}
    />
  );
}

/** Where a run stands, as a badge. */
export function RunBadge({
  run,
}: {
  run: Pick<Api<"RunSummary">, "state" | "interrupted" | "cancel_requested">;
}) {
  return <StateBadge state={run.state} word={runWord(run)} />;
}

/** A state as an icon and its word, in its colour. */
export function StateBadge({ state, word = state }: { state: State; word?: string }) {
  return (
    <span
      className="inline-flex h-5.5 items-center gap-1 rounded-full px-2 text-xs font-medium whitespace-nowrap"
      style={{ color: colour(state), background: softColour(state) }}
      data-state={state}
    >
      <StateIcon state={state} size={13} />
      {word}
    </span>
  );
}
