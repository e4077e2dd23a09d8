import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import type { ReactNode } from "react";

export interface Tab {
  id: string;
  label: string;
  count?: number;
}

interface Props {
  tabs: Tab[];
  active: string;
  /** What the group is for, for who does not see it. */
  label: string;
  /** The search parameter that says which one. */
  param?: string;
  actions?: ReactNode;
  className?: string;
}

/** Parts of a view. Each has an address of its own. */
export function Tabs({ tabs, active, label, param = "tab", actions, className }: Props) {
  return (
    <nav aria-label={label} className={clsx("flex items-center gap-1 border-b", className)}>
      <div className="-mb-px flex min-w-0 flex-1 gap-1 overflow-x-auto">
        {tabs.map((tab) => (
          <Link
            key={tab.id}
            to="."
            search={(before: Record<string, unknown>) => ({ ...before, [param]: tab.id })}
            replace
            aria-current={tab.id === active ? "page" : undefined}
            className={clsx(
              "flex h-9 items-center gap-1.5 border-b-2 px-2.5 whitespace-nowrap",
              tab.id === active
                ? "border-accent font-medium text-text"
                : "border-transparent text-muted hover:text-text",
            )}
          >
            {tab.label}
            {tab.count !== undefined && (
              <span className="tabular rounded bg-sunken px-1 text-xs text-muted">{tab.count}</span>
            )}
          </Link>
        ))}
      </div>
      {actions}
    </nav>
  );
}
