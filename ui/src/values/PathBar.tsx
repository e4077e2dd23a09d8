import { Fragment } from "react";
import { crumbs } from "./path";
import { visible } from "./visible";

/** Where in a value one is, and the ways out. Nothing where all of it is shown. */
export function PathBar({ path, onPath }: { path: string; onPath: (path: string) => void }) {
  if (path === "") return null;
  const parts = crumbs(path) ?? [{ label: path, path }];
  return (
    <nav
      aria-label="Part of the value"
      className="flex min-h-9 items-center gap-1 overflow-x-auto border-b px-4 text-xs"
    >
      <Crumb label="All of it" onClick={() => onPath("")} />
      {parts.map((part) => (
        <Fragment key={part.path}>
          <span aria-hidden className="text-faint">
            ›
          </span>
          {part.path === path ? (
            <span aria-current="location" className="max-w-60 truncate font-mono font-medium">
              {visible(part.label)}
            </span>
          ) : (
            <Crumb label={visible(part.label)} onClick={() => onPath(part.path)} mono />
          )}
        </Fragment>
      ))}
    </nav>
  );
}

function Crumb({ label, onClick, mono }: { label: string; onClick: () => void; mono?: boolean }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className={`max-w-60 shrink-0 truncate text-muted hover:text-accent hover:underline ${mono ? "font-mono" : ""}`}
    >
      {label}
    </button>
  );
}
