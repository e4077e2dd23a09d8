import clsx from "clsx";
import type { Api } from "@/api/client";
import { Empty } from "@/components/feedback";
import { Code } from "@/components/layout";
import { bytes } from "@/lib/units";
import { OutputViewer } from "@/values/OutputViewer";
import type { RunSearch } from "./search";
import { outputBytesOf } from "./steps";
import { useRunPlace } from "./useRunPlace";

/** What the run was given. */
export default function ParamList({ detail, search }: { detail: Api<"RunDetail">; search: RunSearch }) {
  const change = useRunPlace();
  const { params, run } = detail;
  const chosen = params.find(({ name }) => name === search.value) ?? params[0];
  if (!chosen) {
    return (
      <div className="rounded-lg border bg-surface">
        <Empty title="The run was given nothing">Its pipeline has no parameters.</Empty>
      </div>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 overflow-hidden rounded-lg border bg-surface max-sm:flex-col">
      <ul
        aria-label="Parameters"
        className="shrink-0 overflow-y-auto p-1 max-sm:max-h-40 max-sm:border-b sm:w-60 sm:border-r"
      >
        {params.map((param) => (
          <li key={param.name}>
            <button
              type="button"
              aria-pressed={param === chosen}
              className={clsx(
                "flex h-8 w-full items-center gap-2 rounded-md px-2.5 text-left",
                param === chosen ? "bg-accent-soft" : "hover:bg-hover",
              )}
              onClick={() => change({ value: param.name, path: undefined, view: undefined })}
            >
              <Code className="min-w-0 flex-1 truncate">{param.name}</Code>
              <span className="tabular text-xs text-muted">{bytes(outputBytesOf(param.value))}</span>
            </button>
          </li>
        ))}
      </ul>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <OutputViewer
          source={{ kind: "param", run: run.id, name: chosen.name }}
          output={chosen.value}
          view={search.view}
          onView={(view) => change({ view })}
          path={search.path}
          onPath={(path) => change({ path: path || undefined })}
        />
      </div>
    </div>
  );
}
