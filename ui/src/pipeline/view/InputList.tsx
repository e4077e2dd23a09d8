import type { Api } from "@/api/client";
import { Code } from "@/components/layout";
import { typeWords } from "@/lib/schema-words";
import type { Signature } from "../signatures";
import { Part, StepButton } from "./StepPanel";
import { givenTo } from "./words";

interface Props {
  step: Api<"NodeView">;
  graph: Api<"GraphView">;
  signature: Signature | undefined;
  onSelect: (step: string) => void;
}

/** What a step is given and from where, and what it takes that it is not given. */
export function InputList({ step, graph, signature, onSelect }: Props) {
  const given = givenTo(step, signature);
  const group = (title: string, role: "input" | "config") => {
    const values = given.filter((value) => value.role === role);
    return (
      values.length > 0 && (
        <Part title={title}>
          <ul className="flex flex-col divide-y rounded-md border">
            {values.map(({ name, input, parameter }) => (
              <li key={name} className="flex flex-col gap-0.5 px-2.5 py-1.5">
                <span className="flex min-w-0 items-baseline justify-between gap-3">
                  <Code className="font-medium">{name}</Code>
                  {parameter && (
                    <span className="min-w-0 truncate text-xs text-muted">
                      {typeWords(parameter.schema, parameter.form)}
                    </span>
                  )}
                </span>
                <span className="min-w-0 text-muted">
                  {input ? (
                    <Origin input={input} graph={graph} onSelect={onSelect} />
                  ) : (
                    <span className="text-xs">not given; the step has its own default</span>
                  )}
                </span>
                {parameter?.description && (
                  <span className="line-clamp-2 text-xs text-muted">
                    {parameter.description.slice(0, 300)}
                  </span>
                )}
              </li>
            ))}
          </ul>
        </Part>
      )
    );
  };
  return (
    <>
      {group("Inputs", "input")}
      {group("Config", "config")}
    </>
  );
}

interface OriginProps {
  input: Api<"InputView">;
  graph: Api<"GraphView">;
  onSelect: (step: string) => void;
}

const SOURCES: Record<Api<"InputSource">, string> = {
  step: "from step",
  param: "from the run's parameter",
  item: "from the item",
  literal: "",
  run: "from the run",
};

function Origin({ input: { from, source }, graph, onSelect }: OriginProps) {
  const text = from.slice(0, 300);
  const upstream = source === "step" ? from.split(/[.[]/, 1)[0] : undefined;
  if (upstream && graph.nodes.some(({ name }) => name === upstream)) {
    return (
      <span className="flex min-w-0 flex-wrap items-baseline gap-x-1">
        {SOURCES.step} <StepButton name={upstream} onSelect={onSelect} />
        <Code>{text.slice(upstream.length)}</Code>
      </span>
    );
  }
  return (
    <>
      {SOURCES[source]} <Code className="line-clamp-4 text-text">{text}</Code>
    </>
  );
}
