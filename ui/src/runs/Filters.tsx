import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Input, Select } from "@/components/form";
import { SearchField } from "@/components/SearchField";
import { RUN_STATES } from "@/lib/states";
import type { RunSearch, Within } from "./filter";

interface Props {
  search: RunSearch;
  onChange: (search: RunSearch) => void;
}

const TIMES: [Within | "" | "custom", string][] = [
  ["", "Any time"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["custom", "Between …"],
];

/** What is typed waits so long before the host is asked. */
const TYPING_MS = 250;

export function Filters({ search, onChange }: Props) {
  const history = useQuery(queries.history()).data?.pipelines ?? [];
  const deployed = useQuery(queries.pipelines()).data?.pipelines ?? [];
  const triggers = useQuery(queries.triggers()).data?.triggers ?? [];
  const [custom, setCustom] = useState(Boolean(search.from || search.until));
  const names = (of: { name: string }[], chosen: string | undefined) =>
    [...new Set([...of.map(({ name }) => name), ...(chosen ? [chosen] : [])])].sort();
  const ofPipeline = triggers.filter(({ pipeline }) => !search.pipeline || pipeline === search.pipeline);
  const set = (change: { [Key in keyof RunSearch]?: RunSearch[Key] | undefined }) =>
    onChange(
      Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, value]) => value)) as RunSearch,
    );

  return (
    <search className="flex flex-wrap items-center gap-2 pb-3" aria-label="Filter runs">
      <SearchField
        label="Search runs"
        placeholder="Pipeline, trigger or id"
        text={search.text}
        pause={TYPING_MS}
        onChange={(text) => set({ text })}
      />
      <Choice
        label="Pipeline"
        value={search.pipeline}
        all="All pipelines"
        options={names([...history, ...deployed], search.pipeline)}
        onChange={(pipeline) => set({ pipeline, trigger: undefined })}
      />
      <Choice
        label="State"
        value={search.state}
        all="All states"
        options={RUN_STATES}
        onChange={(state) => set({ state: RUN_STATES.find((known) => known === state) })}
      />
      <Choice
        label="Trigger"
        value={search.trigger}
        all="All triggers"
        options={names(ofPipeline, search.trigger)}
        onChange={(trigger) => set({ trigger })}
      />
      <Select
        aria-label="Time"
        className="w-auto!"
        value={custom ? "custom" : (search.within ?? "")}
        onChange={({ target: { value } }) => {
          setCustom(value === "custom");
          set({
            from: undefined,
            until: undefined,
            within: value === "custom" || value === "" ? undefined : (value as Within),
          });
        }}
      >
        {TIMES.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      {custom && (
        <>
          <Moment label="From" at={search.from} onChange={(from) => set({ from, within: undefined })} />
          <Moment label="Until" at={search.until} onChange={(until) => set({ until, within: undefined })} />
        </>
      )}
      {Object.keys(search).length > 0 && (
        <Button
          look="quiet"
          icon={X}
          onClick={() => {
            setCustom(false);
            onChange({});
          }}
        >
          Clear
        </Button>
      )}
    </search>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  all: string;
  options: readonly string[];
  onChange: (value: string | undefined) => void;
}

function Choice({ label, value, all, options, onChange }: ChoiceProps) {
  return (
    <Select
      aria-label={label}
      className="w-auto! max-w-48"
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{all}</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </Select>
  );
}

interface MomentProps {
  label: string;
  at: string | undefined;
  onChange: (at: string | undefined) => void;
}

/** A moment in the browser's zone, kept in the address as one in UTC. */
function Moment({ label, at, onChange }: MomentProps) {
  const local = at ? new Date(Date.parse(at) - new Date(at).getTimezoneOffset() * 60_000).toISOString() : "";
  return (
    <Input
      type="datetime-local"
      aria-label={label}
      title={`${label}, in this browser's time zone`}
      className="w-auto!"
      value={local.slice(0, 16)}
      onChange={({ target: { value } }) => onChange(value ? new Date(value).toISOString() : undefined)}
    />
  );
}
