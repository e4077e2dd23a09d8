import clsx from "clsx";
import { type OutputView, VIEW_WORDS } from "./views";

interface Props {
  views: OutputView[];
  active: OutputView;
  onChange: (view: OutputView) => void;
  files: number;
}

/** Which of the views is seen. */
export function ViewSwitch({ views, active, onChange, files }: Props) {
  return (
    <fieldset aria-label="View" className="flex min-w-0 rounded-md border bg-sunken p-0.5">
      {views.map((view) => (
        <button
          key={view}
          type="button"
          aria-pressed={view === active}
          onClick={() => onChange(view)}
          className={clsx(
            "h-6 rounded px-2 text-xs",
            view === active ? "bg-raised font-medium text-text" : "text-muted hover:text-text",
          )}
        >
          {VIEW_WORDS[view]}
          {view === "files" && <span className="tabular ml-1 text-muted">{files}</span>}
        </button>
      ))}
    </fieldset>
  );
}
