import { useState } from "react";
import type { Api } from "@/api/client";
import { Button } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Code, Panel, Tag } from "@/components/layout";
import { Prose } from "@/components/Prose";
import { Table, Td, Th, Tr } from "@/components/Table";
import { typeWords } from "@/lib/schema-words";

/** So many steps are laid out at once. */
const PAGE = 50;

/** What each step takes, returns, and is for. */
export function StepList({ steps }: { steps: Api<"StepSignature">[] }) {
  const [most, setMost] = useState(PAGE);
  if (steps.length === 0) {
    return (
      <Panel>
        <Empty title="It has no steps" />
      </Panel>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      {steps.slice(0, most).map((step) => (
        <StepDoc key={step.name} step={step} />
      ))}
      {steps.length > most && (
        <Button onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, steps.length - most)} more steps
        </Button>
      )}
    </div>
  );
}

function StepDoc({ step }: { step: Api<"StepSignature"> }) {
  const { name, description, parameters, output, output_schema } = step;
  const described = parameters.some(({ description }) => description);
  return (
    <Panel title={<Code>{name}</Code>}>
      <div className="flex flex-col gap-3 px-4 py-3">
        {description.trim() && <Prose text={description} />}
        {parameters.length > 0 && (
          <div className="-mx-4 border-y">
            <Table>
              <thead>
                <tr>
                  <Th>Takes</Th>
                  <Th>Type</Th>
                  <Th>From</Th>
                  <Th>If left out</Th>
                  {described && <Th>What for</Th>}
                </tr>
              </thead>
              <tbody>
                {parameters.map((parameter) => (
                  <ParameterRow key={parameter.name} parameter={parameter} described={described} />
                ))}
              </tbody>
            </Table>
          </div>
        )}
        <p>
          <span className="text-muted">Returns</span> {typeWords(output_schema, output)}
        </p>
        <Schemas step={step} />
      </div>
    </Panel>
  );
}

interface RowProps {
  parameter: Api<"ParameterView">;
  /** Whether any of them says what it is for. */
  described: boolean;
}

function ParameterRow({ parameter, described }: RowProps) {
  const { name, role, form, optional, schema, description } = parameter;
  const fallback = parameter.default;
  return (
    <Tr>
      <Td className="max-w-48 truncate">
        <Code>{name}</Code>
      </Td>
      <Td className="max-w-72">{typeWords(schema, form)}</Td>
      <Td>
        <Tag>{role}</Tag>
      </Td>
      <Td className="max-w-48 truncate text-muted">
        {fallback !== undefined && fallback !== null ? (
          <Code>{JSON.stringify(fallback).slice(0, 200)}</Code>
        ) : optional ? (
          "nothing"
        ) : (
          "must be given"
        )}
      </Td>
      {described && (
        <Td className="min-w-40 py-1.5 text-muted">{description && <Prose text={description} />}</Td>
      )}
    </Tr>
  );
}

/** The whole of the types, for who needs them exactly. */
function Schemas({ step: { parameters, output_schema } }: { step: Api<"StepSignature"> }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="w-fit cursor-pointer text-muted hover:text-text">JSON Schemas</summary>
      {open && (
        <div className="mt-2 flex flex-col gap-2">
          {parameters.map(({ name, schema }) => (
            <Schema key={name} name={name} schema={schema} />
          ))}
          <Schema name="output" schema={output_schema} />
        </div>
      )}
    </details>
  );
}

function Schema({ name, schema }: { name: string; schema: unknown }) {
  const text = JSON.stringify(schema, null, 2) ?? "";
  const shown = text.slice(0, 20_000);
  return (
    <div>
      <h3 className="text-xs font-medium text-muted">{name}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <pre tabIndex={0} className="max-h-80 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs">
        {shown}
        {shown.length < text.length && "\n…"}
      </pre>
    </div>
  );
}
