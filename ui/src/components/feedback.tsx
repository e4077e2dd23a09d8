/** What a view shows when it has nothing to show: nothing yet, not yet, or not at all. */

import { CircleAlert, type LucideIcon, RefreshCw, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { OfflineError, ProblemError } from "@/api/client";
import { Button } from "./Button";

interface EmptyProps {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      {Icon && <Icon size={24} className="text-faint" aria-hidden />}
      <p className="text-base font-medium">{title}</p>
      {children && <div className="max-w-md text-muted">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** Grey lines where text will be. */
export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div className="flex flex-col gap-3 p-4" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
          key={line}
          className="h-4 animate-pulse rounded bg-sunken"
          style={{ width: `${90 - ((line * 17) % 45)}%` }}
        />
      ))}
    </div>
  );
}

/** What went wrong, in the host's words, with what to do next. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const offline = error instanceof OfflineError;
  const Icon = offline ? WifiOff : CircleAlert;
  const help = error instanceof ProblemError ? error.help : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center" role="alert">
      <Icon size={24} className="text-failed" aria-hidden />
      <p className="max-w-xl text-base font-medium break-words">{message}</p>
      {offline && <p className="text-muted">It is tried again until it does.</p>}
      {help && <p className="max-w-xl text-muted break-words">{help}</p>}
      {retry && (
        <Button icon={RefreshCw} onClick={retry} className="mt-2">
          Try again
        </Button>
      )}
    </div>
  );
}
