import { CircleAlert } from "lucide-react";
import type { Api } from "@/api/client";
import { plural } from "@/lib/units";
import { Words } from "./panel/parts";
import { failureOf } from "./steps";
import { useOpenStep } from "./useRunPlace";

/** Why a run failed, wherever in it one is: what failed first. */
export function FirstFailure({ detail }: { detail: Api<"RunDetail"> }) {
  const open = useOpenStep();
  // In topological order: what failed first is before what failed because of it.
  const failed = detail.steps.filter(({ state }) => state === "failed");
  const [first] = failed;
  if (!first) return null;
  const message = failureOf(first)?.message;
  return (
    <div className="mb-2 flex min-w-0 items-center gap-2 rounded-md bg-failed-soft px-3 py-1.5">
      <CircleAlert size={15} className="shrink-0 text-failed" aria-hidden />
      <p className="min-w-0 flex-1 truncate" title={message?.slice(0, 1_000)}>
        <button
          type="button"
          className="font-medium text-failed hover:underline"
          onClick={() => open(first.name, { part: undefined })}
        >
          {first.name}
        </button>{" "}
        failed
        {message && (
          <>
            : <Words text={message.slice(0, 500)} />
          </>
        )}
      </p>
      {failed.length > 1 && (
        <span className="shrink-0 text-muted">and {plural(failed.length - 1, "other step")}</span>
      )}
    </div>
  );
}
