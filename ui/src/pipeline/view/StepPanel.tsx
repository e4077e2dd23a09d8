import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import type { Api } from "@/api/client";
import { IconButton } from "@/components/Button";
import { Code, Fact, Tag } from "@/components/layout";
import { Prose } from "@/components/Prose";
import { typeWords } from "@/lib/schema-words";
import { duration } from "@/lib/time";
import { plural } from "@/lib/units";
import { type Signature, usedStep } from "../signatures";
import { InputList } from "./InputList";
import { retryWords, runsWhen } from "./words";

interface Props {
  step: Api<"NodeView">;
  graph: Api<"GraphView">;
  signature: Signature | undefined;
  onSelect: (step: string | undefined) => void;
}

/** Everything that the pipeline says about a step. */
export function StepPanel({ step, graph, signature, onSelect }: Props) {
  const { module, step: used } = usedStep(step.uses);
  const before = graph.edges.filter(({ to }) => to === step.name).map(({ from }) => from);
  const after = graph.edges.filter(({ from }) => from === step.name).map(({ to }) => to);
  return (
    <aside
      aria-label={`Step ${step.name}`}
      className="flex w-96 max-w-full shrink-0 flex-col overflow-hidden rounded-lg border bg-surface max-lg:absolute max-lg:inset-y-0 max-lg:right-0 max-lg:z-20 max-lg:shadow-xl"
    >
      <div className="flex min-h-10 items-center gap-2 border-b py-1 pr-1 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-semibold">{step.name}</h2>
        <IconButton label="Close the step" icon={X} onClick={() => onSelect(undefined)} />
      </div>
      <div className="flex flex-col gap-4 overflow-y-auto px-4 py-3">
        {signature?.description.trim() && (
          <Prose text={signature.description} className="line-clamp-6 text-muted" />
        )}
        <dl>
          <Fact name="Uses">
            <Link to="/modules/$module" params={{ module }} className="text-accent hover:underline">
              <Code>{module}</Code>
            </Link>
            <Code>/{used}</Code>
          </Fact>
          {signature && <Fact name="Returns">{typeWords(signature.output_schema, signature.output)}</Fact>}
          {graph.output === step.name && <Fact name="Output">what the run returns</Fact>}
          {step.digest && (
            <Fact name="Version">
              <Code className="text-muted">{step.digest.slice(0, 19)}…</Code>
            </Fact>
          )}
        </dl>
        <InputList step={step} graph={graph} signature={signature} onSelect={onSelect} />
        <Part title="Runs when">
          <ul className="flex flex-col gap-1">
            {runsWhen(step, graph).map(({ says, code }) => (
              <li key={`${says} ${code ?? ""}`} className="break-words">
                {says}
                {code && (
                  <Code className="mt-0.5 block rounded bg-sunken px-2 py-1">{code.slice(0, 500)}</Code>
                )}
              </li>
            ))}
          </ul>
        </Part>
        {step.for_each && (
          <Part title="For each">
            <p>
              Once for each item of <Code>{step.for_each.slice(0, 300)}</Code>
              {step.max_parallel != null && `, ${plural(step.max_parallel, "item")} at once`}
            </p>
          </Part>
        )}
        <Part title="If it fails">
          <p>{step.retry ? retryWords(step.retry, duration) : "It is not tried again."}</p>
          {step.continues_on_error && <p>Other steps go on, those behind it too.</p>}
          {step.allow_failure && <p>The run may succeed all the same.</p>}
        </Part>
        {(step.grants?.length ?? 0) > 0 && (
          <Part title="Grants">
            <span className="flex flex-wrap gap-1">
              {step.grants?.map((grant) => (
                <Tag key={grant} title={grant}>
                  {grant.slice(0, 80)}
                </Tag>
              ))}
            </span>
          </Part>
        )}
        {step.uncached && (
          <Part title="Cache">
            <p>It never takes results of earlier attempts.</p>
          </Part>
        )}
        <Steps title="Behind" names={before} onSelect={onSelect} />
        <Steps title="Before" names={after} onSelect={onSelect} />
      </div>
    </aside>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <h3 className="mb-1 text-xs font-medium text-muted">{title}</h3>
      {children}
    </div>
  );
}

/** How many are named at once. */
const MOST = 30;

function Steps({ title, names, onSelect }: { title: string; names: string[]; onSelect: Props["onSelect"] }) {
  if (names.length === 0) return null;
  return (
    <Part title={title}>
      <span className="flex flex-wrap gap-x-3 gap-y-1">
        {names.slice(0, MOST).map((name) => (
          <StepButton key={name} name={name} onSelect={onSelect} />
        ))}
        {names.length > MOST && <span className="text-muted">and {names.length - MOST} more</span>}
      </span>
    </Part>
  );
}

export function StepButton({ name, onSelect }: { name: string; onSelect: (step: string) => void }) {
  return (
    <button
      type="button"
      className="max-w-full truncate text-accent hover:underline"
      onClick={() => onSelect(name)}
    >
      {name}
    </button>
  );
}
