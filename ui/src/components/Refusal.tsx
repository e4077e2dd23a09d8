import { CircleAlert } from "lucide-react";
import { ProblemError } from "@/api/client";

/** At most so many problems are listed, and so much of each. */
const LISTED = 20;
const LENGTH = 1_000;

/** Why the host did not do something, in its words, with the problems of pipelines and what to do next. */
export function Refusal({ error }: { error: Error }) {
  const { help, problems } =
    error instanceof ProblemError ? error : { help: undefined, problems: [] as ProblemError["problems"] };
  return (
    <div className="flex gap-2 rounded-md bg-failed-soft px-3 py-2" role="alert">
      <CircleAlert size={15} className="mt-0.5 shrink-0 text-failed" aria-hidden />
      <div className="min-w-0 break-words">
        <p className="font-medium">{error.message.slice(0, LENGTH)}</p>
        {help && <p className="text-muted">{help.slice(0, LENGTH)}</p>}
        {problems.slice(0, LISTED).map((problem) => (
          <p key={`${problem.code} ${problem.message}`}>
            {problem.places?.[0] && `Line ${problem.places[0].line}: `}
            {problem.message.slice(0, LENGTH)}
            {problem.help && <span className="text-muted"> {problem.help.slice(0, LENGTH)}</span>}
          </p>
        ))}
      </div>
    </div>
  );
}
