import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { Problem } from "./places";
import type { Place } from "./TomlEditor";

/** So many are shown: whoever has more mends these first. */
const MOST = 100;

interface Props {
  problems: readonly Problem[];
  onGoTo: (place: Place) => void;
}

/** What is wrong with a text, and where; each leads there. */
export function ProblemList({ problems, onGoTo }: Props) {
  if (problems.length === 0) {
    return (
      <p className="flex items-center gap-2 px-4 py-2 text-muted">
        <CircleCheck size={15} className="text-succeeded" aria-hidden />
        No problems
      </p>
    );
  }
  return (
    <ul className="flex flex-col divide-y">
      {problems.slice(0, MOST).map((problem, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same may be said twice, and all of them change together
        <li key={index}>
          <Line problem={problem} onGoTo={onGoTo} />
        </li>
      ))}
      {problems.length > MOST && (
        <li className="px-4 py-1.5 text-muted">and {problems.length - MOST} more</li>
      )}
    </ul>
  );
}

function Line({ problem, onGoTo }: { problem: Problem; onGoTo: Props["onGoTo"] }) {
  const [place] = problem.places;
  const isError = problem.severity === "error";
  const Icon = isError ? CircleAlert : TriangleAlert;
  const words = (
    <>
      <Icon
        size={15}
        className={isError ? "mt-0.5 shrink-0 text-failed" : "mt-0.5 shrink-0 text-cancelled"}
        role="img"
        aria-label={problem.severity}
      />
      <span className="min-w-0 flex-1 break-words">
        {problem.message.slice(0, 1_000)}
        {problem.help && <span className="block text-muted">{problem.help.slice(0, 1_000)}</span>}
      </span>
      {place && (
        <span className="tabular shrink-0 text-xs leading-5 text-muted">
          {place.line}:{place.column}
        </span>
      )}
    </>
  );
  if (!place) return <span className="flex gap-2 px-4 py-1.5">{words}</span>;
  return (
    <button
      type="button"
      className="flex w-full gap-2 px-4 py-1.5 text-left hover:bg-hover"
      onClick={() => onGoTo({ line: place.line, column: place.column })}
    >
      {words}
    </button>
  );
}
