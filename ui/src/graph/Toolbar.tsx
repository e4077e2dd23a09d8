import { Maximize, Minus, Plus, Search } from "lucide-react";
import { useState } from "react";
import { IconButton } from "@/components/Button";

interface Props {
  search: string;
  onSearch: (text: string) => void;
  found: string[];
  onGoTo: (step: string) => void;
  onFit: () => void;
  onZoomIn: () => void;
  onZoomOut: () => void;
}

/** Finds steps, and moves nearer and further. */
export function Toolbar({ search, onSearch, found, onGoTo, onFit, onZoomIn, onZoomOut }: Props) {
  const [at, setAt] = useState(0);
  const next = (by: number) => {
    const index = (at + by + found.length) % found.length;
    const name = found[index];
    if (name !== undefined) {
      setAt(index);
      onGoTo(name);
    }
  };
  return (
    <div className="flex items-center gap-1 rounded-lg border bg-raised p-1 shadow-sm">
      <label className="flex items-center gap-1.5 rounded-md px-1.5">
        <Search size={14} className="text-faint" aria-hidden />
        <span className="sr-only">Find a step</span>
        <input
          type="search"
          value={search}
          placeholder="Find a step"
          className="h-7 w-28 bg-transparent text-sm outline-none focus-visible:outline-none sm:w-36"
          onChange={(event) => {
            setAt(-1);
            onSearch(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && found.length > 0) {
              next(event.shiftKey ? -1 : 1);
            } else if (event.key === "Escape") {
              onSearch("");
            }
          }}
        />
        {search && (
          <span className="tabular text-xs text-muted" role="status">
            {found.length} found
          </span>
        )}
      </label>
      <IconButton label="Zoom in" icon={Plus} size={15} className="size-7!" onClick={onZoomIn} />
      <IconButton label="Zoom out" icon={Minus} size={15} className="size-7!" onClick={onZoomOut} />
      <IconButton label="Show all" icon={Maximize} size={15} className="size-7!" onClick={onFit} />
    </div>
  );
}
