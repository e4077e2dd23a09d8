import clsx from "clsx";
import type { Api } from "@/api/client";
import { Empty } from "@/components/feedback";
import { Code } from "@/components/layout";
import { typeWords } from "@/lib/schema-words";
import { useSignatures } from "@/pipeline/signatures";
import { type Given, givenTo } from "@/pipeline/view/words";
import { OutputViewer } from "@/values/OutputViewer";
import type { OutputSource } from "@/values/source";
import { useOpenStep, useRunPlace } from "../useRunPlace";
import { placeOf, splitReference } from "./inputs";
import type { StepProps } from "./StepPanel";

interface Props extends StepProps {
  node: Api<"NodeView"> | undefined;
}

const ORIGINS: Record<Api<"InputSource">, string> = {
  step: "from step",
  param: "from parameter",
  item: "from the item",
  literal: "written in the pipeline",
  run: "from the run",
};

/** What the step was given: each value with where it came from. */
export function InputsPart({ detail, graph, step, node, search }: Props) {
  const change = useRunPlace();
  const signature = useSignatures(graph).get(step.name);
  const given = node ? givenTo(node, signature) : [];
  const chosen =
    given.find(({ name }) => name === search.value) ?? given.find(({ input }) => input) ?? given[0];
  if (!node || !chosen) return <Empty title="It takes nothing" />;
  const place = chosen.input && placeOf(chosen.input, node, detail.run.id, search.item);
  const from =
    place?.source.kind === "step"
      ? detail.steps.find(({ name }) => name === stepOf(place.source))
      : undefined;
  return (
    <>
      <ul aria-label="Inputs" className="max-h-[40%] shrink-0 overflow-y-auto border-b p-1">
        {given.map((value) => (
          <li key={value.name}>
            <button
              type="button"
              aria-pressed={value === chosen}
              className={clsx(
                "flex min-h-8 w-full items-baseline gap-3 rounded-md px-3 py-1 text-left",
                value === chosen ? "bg-accent-soft" : "hover:bg-hover",
              )}
              onClick={() => change({ value: value.name, path: undefined, view: undefined })}
            >
              <Code className="w-32 shrink-0 truncate font-medium">{value.name}</Code>
              <span className="min-w-0 flex-1 truncate text-muted">{origin(value)}</span>
              {value.parameter && (
                <span className="max-w-40 truncate text-xs text-muted">
                  {typeWords(value.parameter.schema, value.parameter.form)}
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      {!chosen.input ? (
        <Empty title="Not given">The step has its own default.</Empty>
      ) : place && (place.source.kind === "param" || from?.output) ? (
        <OutputViewer
          key={`${chosen.name}/${place.path}`}
          source={place.source}
          view={search.view}
          onView={(view) => change({ view })}
          // What the step was given is a part of what is stored: it is where looking begins.
          path={search.path ?? place.path}
          onPath={(path) => change({ path: path === place.path ? undefined : path })}
        />
      ) : (
        <NoPlace given={chosen} item={search.item} />
      )}
    </>
  );
}

function stepOf(source: OutputSource): string | undefined {
  return source.kind === "step" ? source.step : undefined;
}

function origin({ input }: Given): string {
  if (!input) return "not given";
  const from = input.from.slice(0, 200);
  if (input.source === "literal") return from;
  // What they are called says already where they are from.
  return input.source === "item" || input.source === "run" ? from : `${ORIGINS[input.source]} ${from}`;
}

/** Of a value that is stored nowhere, or not yet. */
function NoPlace({ given, item }: { given: Given; item: number | undefined }) {
  const open = useOpenStep();
  const { input } = given;
  if (!input) return null;
  if (input.source === "item" && item === undefined) {
    return <Empty title="Each item was given its own">Choose an item above to see it.</Empty>;
  }
  if (input.source === "step") {
    const name = splitReference(input.from).name;
    return (
      <Empty
        title={`${name} has not returned anything`}
        action={
          <button type="button" className="text-accent hover:underline" onClick={() => open(name)}>
            Open {name}
          </button>
        }
      />
    );
  }
  return (
    <div className="min-h-0 flex-1 overflow-auto px-4 py-3">
      <p className="mb-1 text-xs text-muted">{ORIGINS[input.source]}</p>
      <pre className="font-mono text-xs break-words whitespace-pre-wrap">{pretty(input.from)}</pre>
    </div>
  );
}

/** A value as the pipeline has it; indented, where it is JSON that JavaScript does not change. */
function pretty(text: string): string {
  if (!/^[[{]/.test(text)) return text.slice(0, 100_000);
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}
