/** The parts that every view is made of. */

import clsx from "clsx";
import type { ReactNode } from "react";

interface PageProps {
  title: ReactNode;
  /** Beside the title: a state, a hint. */
  beside?: ReactNode;
  /** Below it, in a line. */
  facts?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The page itself does not scroll: a part of it does. */
  fixed?: boolean;
}

/** A view: its heading with what can be done, and its content. */
export function Page({ title, beside, facts, actions, children, fixed }: PageProps) {
  return (
    <div className={clsx("flex min-h-0 flex-1 flex-col", !fixed && "overflow-y-auto")}>
      <header className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 pt-4 pb-3 sm:px-6">
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-2">
            <h1 className="min-w-0 truncate text-xl font-semibold tracking-tight">{title}</h1>
            {beside}
          </div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        {facts && (
          <div className="-mt-1 flex w-full flex-wrap items-center gap-x-4 gap-y-1 text-muted">{facts}</div>
        )}
      </header>
      <div className={clsx("px-4 pb-6 sm:px-6", fixed && "flex min-h-0 flex-1 flex-col")}>{children}</div>
    </div>
  );
}

interface PanelProps {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A bordered area with a heading of its own. */
export function Panel({ title, actions, children, className }: PanelProps) {
  return (
    <section
      className={clsx("flex min-w-0 flex-col overflow-hidden rounded-lg border bg-surface", className)}
    >
      {(title || actions) && (
        <div className="flex min-h-10 flex-wrap items-center gap-2 border-b px-4 py-1.5">
          <h2 className="min-w-32 flex-1 truncate text-sm font-semibold">{title}</h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

/** A term and what it is, in a list of facts. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 gap-3 py-1">
      <dt className="w-32 shrink-0 text-muted">{name}</dt>
      <dd className="min-w-0 flex-1 break-words">{children}</dd>
    </div>
  );
}

/** Text as a machine reads it: names, ids, expressions. */
export function Code({ children, className }: { children: ReactNode; className?: string }) {
  return <code className={clsx("font-mono text-[0.92em] break-all", className)}>{children}</code>;
}

/** A small word with a border: a kind, a grant, a role. */
export function Tag({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span
      title={title}
      className="inline-flex h-5 max-w-full items-center truncate rounded border bg-sunken px-1.5 text-xs text-muted"
    >
      {children}
    </span>
  );
}
