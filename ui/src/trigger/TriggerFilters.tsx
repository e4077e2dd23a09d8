import { Input, Select } from "@/components/form";
import type { TriggerFilter } from "./words";

interface Props {
  filter: TriggerFilter;
  onChange: (change: TriggerFilter) => void;
  kinds: string[];
  pipelines: string[];
}

export function TriggerFilters({ filter, onChange, kinds, pipelines }: Props) {
  return (
    <search className="mb-3 flex flex-wrap gap-2">
      <Input
        type="search"
        aria-label="Search triggers"
        placeholder="Search"
        className="max-w-64"
        value={filter.text ?? ""}
        onChange={(event) => onChange({ text: event.target.value || undefined })}
      />
      <Choice
        label="Kind"
        all="Every kind"
        values={kinds}
        value={filter.kind}
        onChange={(kind) => onChange({ kind })}
      />
      <Choice
        label="Pipeline"
        all="Every pipeline"
        values={pipelines}
        value={filter.pipeline}
        onChange={(pipeline) => onChange({ pipeline })}
      />
    </search>
  );
}

interface ChoiceProps {
  label: string;
  all: string;
  values: string[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

function Choice({ label, all, values, value, onChange }: ChoiceProps) {
  // One that there is not any more is shown all the same: it is what hides the others.
  const shown = value === undefined || values.includes(value) ? values : [...values, value];
  return (
    <Select
      aria-label={label}
      className="w-auto! max-w-56"
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{all}</option>
      {shown.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </Select>
  );
}
