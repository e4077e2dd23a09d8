import { useQuery } from "@tanstack/react-query";
import { Grid3x3 } from "lucide-react";
import { useMemo, useState } from "react";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Select } from "@/components/form";
import { SearchField } from "@/components/SearchField";
import { StateIcon } from "@/components/StateBadge";
import { STEP_STATES } from "@/lib/states";
import { GRID_SIZES, type GridSize, layoutGrid, withSteps } from "../grid";
import { useChangeSearch } from "../view/useChangeSearch";
import { Grid } from "./Grid";

interface Props {
  name: string;
  size: GridSize;
}

/** Runs by steps: where it goes wrong again and again can be seen at once. */
export default function GridTab({ name, size }: Props) {
  const { data, error, refetch } = useQuery(queries.pipelineGrid(name, size));
  const change = useChangeSearch();
  const [text, setText] = useState("");
  const whole = useMemo(() => data && layoutGrid(data), [data]);
  const layout = useMemo(() => whole && withSteps(whole, text), [whole, text]);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!layout || !whole) return <Loading lines={8} />;
  if (whole.columns.length === 0) {
    return (
      <Empty icon={Grid3x3} title="It has not run yet">
        Each run will be a column here, and each of its steps a cell.
      </Empty>
    );
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pb-3">
        <SearchField
          label="Search steps"
          placeholder="Search steps"
          text={text}
          onChange={(text = "") => setText(text)}
        />
        <Select
          aria-label="Runs"
          className="w-auto!"
          value={size}
          onChange={({ target }) =>
            change({ last: GRID_SIZES.find((size) => String(size) === target.value && size !== 25) })
          }
        >
          {GRID_SIZES.map((size) => (
            <option key={size} value={size}>
              Last {size} runs
            </option>
          ))}
        </Select>
        <Legend />
      </div>
      <Grid layout={layout} name={name} />
    </>
  );
}

function Legend() {
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-muted sm:ml-auto" aria-label="Legend">
      {STEP_STATES.map((state) => (
        <li key={state} className="flex items-center gap-1">
          <StateIcon state={state} size={13} />
          {state}
        </li>
      ))}
    </ul>
  );
}
