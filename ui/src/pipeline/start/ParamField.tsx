import { Field, Input, Select, TextArea } from "@/components/form";
import { Code } from "@/components/layout";
import { FileField } from "./FileField";
import { type FieldValue, isRequired, type Param } from "./params";
import type { Shape } from "./shape";

interface Props {
  param: Param;
  shape: Shape;
  value: FieldValue | undefined;
  mistake: string | undefined;
  onChange: (value: FieldValue) => void;
  onBlur: () => void;
  /** What is focused when it is wrong. */
  inputRef: (element: HTMLElement | null) => void;
  onBusy: (busy: boolean) => void;
}

const KINDS: Record<Param["kind"], string> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "yes or no",
  file: "file",
  json: "JSON",
};

/** A parameter, to be given. */
export function ParamField({ param, shape, value, mistake, onChange, onBlur, inputRef, onBusy }: Props) {
  const { name, kind, description } = param;
  const required = isRequired(param);
  const label = (
    <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
      <Code className="font-semibold">{name}</Code>
      <span className="min-w-0 truncate text-xs font-normal text-muted">
        {(kind === "json" && shape.words) || KINDS[kind]}
        {bounds(shape)}
      </span>
      {required && <span className="text-xs font-normal text-accent">required</span>}
    </span>
  );
  const text = typeof value === "string" ? value : "";
  const hint = description ? (
    <span className="line-clamp-3 break-words">{description.slice(0, 500)}</span>
  ) : undefined;
  return (
    <Field label={label} hint={hint} mistake={mistake}>
      {(field) => {
        const common = { ...field, name, onBlur, ref: inputRef, "aria-required": required };
        if (kind === "file") {
          return (
            <FileField
              id={field.id}
              label={name}
              describedBy={field["aria-describedby"]}
              invalid={field["aria-invalid"]}
              value={typeof value === "object" ? value : null}
              onChange={onChange}
              onBusy={onBusy}
              buttonRef={inputRef}
            />
          );
        }
        if (kind === "boolean") {
          return (
            <Select
              {...common}
              className="w-auto! self-start"
              value={value === true ? "true" : value === false ? "false" : text}
              onChange={({ target }) => onChange(required ? target.value : target.value === "true")}
            >
              {required && <option value="">choose</option>}
              <option value="true">yes</option>
              <option value="false">no</option>
            </Select>
          );
        }
        if (kind === "string" && shape.options) {
          // A default that no step takes is shown all the same: it is what the run would be given.
          const options =
            text === "" || shape.options.includes(text) ? shape.options : [text, ...shape.options];
          return (
            <Select {...common} value={text} onChange={({ target }) => onChange(target.value)}>
              <option value="">{required ? "choose" : "(empty)"}</option>
              {options.map((option) => (
                <option key={option} value={option}>
                  {option}
                </option>
              ))}
            </Select>
          );
        }
        if (kind === "json" || (kind === "string" && String(param.default ?? "").includes("\n"))) {
          return (
            <TextArea
              {...common}
              rows={Math.min(12, Math.max(3, text.split("\n").length))}
              spellCheck={false}
              value={text}
              onChange={({ target }) => onChange(target.value)}
            />
          );
        }
        return (
          <Input
            {...common}
            autoComplete="off"
            type={kind === "string" && shape.format === "date" ? "date" : "text"}
            inputMode={kind === "integer" ? "numeric" : kind === "number" ? "decimal" : undefined}
            spellCheck={kind === "string"}
            placeholder={kind !== "string" && !required ? "the default" : undefined}
            value={text}
            onChange={({ target }) => onChange(target.value)}
          />
        );
      }}
    </Field>
  );
}

function bounds({ least, most, above, below }: Shape): string {
  const parts = [
    least === undefined ? undefined : `at least ${least}`,
    above === undefined ? undefined : `more than ${above}`,
    most === undefined ? undefined : `at most ${most}`,
    below === undefined ? undefined : `less than ${below}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? `, ${parts.join(", ")}` : "";
}
