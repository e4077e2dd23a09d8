import { Select } from "@/components/form";
import type { Step } from "../steps";
import { useRunPlace } from "../useRunPlace";

interface Props {
  step: Step;
  item: number | undefined;
  attempt: number | undefined;
}

/** Whose lines: those of all attempts, or of one. */
export function AttemptChoice({ step, item, attempt }: Props) {
  const change = useRunPlace();
  const known = [...new Set(attemptsAt(step, item).map((one) => one.attempt))].sort(
    (one, other) => one - other,
  );
  if (known.length < 2 && attempt === undefined) return null;
  return (
    <div className="flex min-h-10 shrink-0 items-center gap-2 border-b px-4 py-1">
      <Select
        aria-label="Attempt"
        className="w-auto!"
        value={attempt ?? ""}
        onChange={({ target: { value } }) =>
          change({ attempt: value === "" ? undefined : Number(value), line: undefined })
        }
      >
        <option value="">All attempts</option>
        {attempt !== undefined && !known.includes(attempt) && (
          <option value={attempt}>Attempt {attempt}</option>
        )}
        {known.map((number) => (
          <option key={number} value={number}>
            Attempt {number}
          </option>
        ))}
      </Select>
    </div>
  );
}

/** The attempts at an item; at the step or all of its items, if none is chosen. */
export function attemptsAt(step: Step, item: number | undefined): Step["attempts"] {
  if (item === undefined) return step.attempts;
  return step.attempts.filter(
    ({ items }) => items && item >= items.first && item < items.first + items.count,
  );
}
