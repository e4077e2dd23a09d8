import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import { Pause, Timer, X } from "lucide-react";
import { Button } from "@/components/Button";
import { Select } from "@/components/form";
import { SearchField } from "@/components/SearchField";
import type { countRows, RowState } from "../rows";
import { ROW_STATES } from "../rows";
import type { ListSearch } from "./search";

const WORDS: Record<RowState, string> = {
  failing: "Failing",
  running: "Running",
  succeeded: "Succeeding",
  never: "Never run",
  broken: "With problems",
};

interface Props {
  search: ListSearch;
  counts: ReturnType<typeof countRows>;
  onChange: (search: ListSearch) => void;
}

export function PipelineFilters({ search, counts, onChange }: Props) {
  const { text, state, paused, triggers, ...order } = search;
  const filtered = Boolean(text || state || paused || triggers);
  return (
    <search className="flex flex-wrap items-center gap-2 pb-3" aria-label="Filter pipelines">
      <SearchField
        label="Search pipelines"
        placeholder="Name or description"
        text={text}
        onChange={(text) => onChange(without({ ...search, text }))}
      />
      <Select
        aria-label="State"
        className="w-auto!"
        value={state ?? ""}
        onChange={({ target: { value } }) =>
          onChange(without({ ...search, state: ROW_STATES.find((known) => known === value) }))
        }
      >
        <option value="">Every state</option>
        {ROW_STATES.map((state) => (
          <option key={state} value={state}>
            {WORDS[state]} ({counts[state]})
          </option>
        ))}
      </Select>
      <Toggle
        icon={Pause}
        label="Paused"
        count={counts.paused}
        on={paused === true}
        onChange={(on) => onChange(without({ ...search, paused: on || undefined }))}
      />
      <Toggle
        icon={Timer}
        label="With triggers"
        count={counts.triggers}
        on={triggers === true}
        onChange={(on) => onChange(without({ ...search, triggers: on || undefined }))}
      />
      {filtered && (
        <Button look="quiet" icon={X} onClick={() => onChange(order)}>
          Clear
        </Button>
      )}
    </search>
  );
}

/** What is not set does not stand in the address. */
function without(search: { [Key in keyof ListSearch]: ListSearch[Key] | undefined }): ListSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as ListSearch;
}

interface ToggleProps {
  icon: LucideIcon;
  label: string;
  count: number;
  on: boolean;
  onChange: (on: true | undefined) => void;
}

function Toggle({ icon: Icon, label, count, on, onChange }: ToggleProps) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={() => onChange(on ? undefined : true)}
      className={clsx(
        "inline-flex h-8 items-center gap-1.5 rounded-md border px-2.5 text-sm",
        on
          ? "border-accent bg-accent-soft text-accent"
          : "border-line-strong bg-surface text-text hover:bg-hover",
      )}
    >
      <Icon size={14} aria-hidden />
      {label}
      <span className={clsx("tabular text-xs", on ? "text-accent" : "text-muted")}>{count}</span>
    </button>
  );
}
