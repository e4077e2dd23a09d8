/** Repeats a run that has ended: all of it, what failed, or from a step on; as it was given, or otherwise. */

import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleAlert, RotateCw } from "lucide-react";
import { type FormEvent, useId, useMemo, useState } from "react";
import { type Api, answer, api, ProblemError } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Select, TextArea } from "@/components/form";
import { Code } from "@/components/layout";
import { plural } from "@/lib/units";
import { jsonText } from "@/values/json";
import { partQuery } from "@/values/source";
import { changedParams, firstKind, type RerunKind, rerunBody, unsuccessful } from "./rerun";

interface Props {
  detail: Api<"RunDetail">;
  first?: RerunKind;
  /** The step that is looked at. */
  step?: string | undefined;
  onClose: () => void;
}

/** Larger values are not typed into a form: a new run is given them as a file, or by a program. */
const EDITABLE = 16_384;
/** How the host writes whole numbers that a browser would round. */
const LARGE = /\{\s*"\$int": "(-?\d+)"\s*\}/g;

export default function RerunDialog({ detail, first, step, onClose }: Props) {
  const [kind, setKind] = useState<RerunKind>(first ?? firstKind(detail));
  const [from, setFrom] = useState(step ?? detail.steps[0]?.name ?? "");
  const [cache, setCache] = useState(true);
  const { params, given, waiting } = useGiven(detail);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const changed = useMemo(() => changedParams(typed, given), [typed, given]);
  const rerun = useRerun(detail.run.id, onClose);
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changed.mistakes.size > 0 || rerun.isPending) return;
    rerun.mutate({
      body: rerunBody(kind, from, changed.params, cache),
      step: kind === "from" ? from : undefined,
    });
  };
  const failed = unsuccessful(detail);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Rerun ${detail.run.pipeline}`}
      description="A new run begins, with the same pipeline as this one had. What it does not repeat, it takes over."
    >
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <fieldset className="flex flex-col gap-1">
          <legend className="mb-1 font-medium">What to repeat</legend>
          <Choice name={id} value="whole" kind={kind} onKind={setKind} says="The whole run" />
          {failed > 0 && (
            <Choice
              name={id}
              value="failed"
              kind={kind}
              onKind={setKind}
              says="What did not succeed"
              hint={`${plural(failed, "step")} and what comes behind`}
            />
          )}
          <Choice name={id} value="from" kind={kind} onKind={setKind} says="From a step on" />
          {kind === "from" && (
            <Select
              aria-label="From step"
              className="ml-6 w-[calc(100%-1.5rem)]!"
              value={from}
              onChange={({ target }) => setFrom(target.value)}
            >
              {detail.steps.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </fieldset>
        {params.length > 0 && (
          <fieldset className="flex flex-col gap-3">
            <legend className="mb-2 font-medium">Parameters</legend>
            {params.map(({ name, editable, why }) => (
              <Field
                key={name}
                label={<Code className="font-medium">{name}</Code>}
                hint={why ?? (changed.params.has(name) ? "Changed" : undefined)}
                mistake={changed.mistakes.get(name)}
              >
                {(field) => (
                  <TextArea
                    {...field}
                    spellCheck={false}
                    disabled={!editable}
                    rows={Math.min(8, (typed[name] ?? given[name] ?? "").split("\n").length)}
                    value={typed[name] ?? given[name] ?? ""}
                    onChange={({ target }) => setTyped((before) => ({ ...before, [name]: target.value }))}
                  />
                )}
              </Field>
            ))}
          </fieldset>
        )}
        <div className="flex items-start gap-2">
          <input
            id={`${id}-cache`}
            type="checkbox"
            className="mt-1 accent-accent"
            checked={cache}
            onChange={(event) => setCache(event.target.checked)}
          />
          <label htmlFor={`${id}-cache`}>
            Take results of earlier attempts where nothing changed
            <span className="block text-xs text-muted">Otherwise what is repeated computes anew.</span>
          </label>
        </div>
        {rerun.error && <Told error={rerun.error} />}
        <div className="sticky -bottom-5 z-10 -mx-5 -mb-5 flex justify-end gap-2 border-t bg-raised px-5 py-3">
          <Button onClick={onClose}>Keep as it is</Button>
          <Button type="submit" look="primary" icon={RotateCw} disabled={waiting} busy={rerun.isPending}>
            Start rerun
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  name: string;
  value: RerunKind;
  kind: RerunKind;
  onKind: (kind: RerunKind) => void;
  says: string;
  hint?: string;
}

function Choice({ name, value, kind, onKind, says, hint }: ChoiceProps) {
  return (
    <label className="flex items-baseline gap-2">
      <input
        type="radio"
        name={name}
        className="translate-y-0.5 accent-accent"
        checked={kind === value}
        onChange={() => onKind(value)}
      />
      {says}
      {hint && <span className="text-xs text-muted">{hint}</span>}
    </label>
  );
}

function Told({ error }: { error: Error }) {
  const help = error instanceof ProblemError ? error.help : undefined;
  return (
    <div className="flex gap-2 rounded-md bg-failed-soft px-3 py-2" role="alert">
      <CircleAlert size={15} className="mt-0.5 shrink-0 text-failed" aria-hidden />
      <div className="min-w-0 break-words whitespace-pre-line">
        {error.message.slice(0, 2_000)}
        {help && <p className="text-muted">{help.slice(0, 1_000)}</p>}
      </div>
    </div>
  );
}

/** What the run was given, as text to be changed. */
function useGiven({ run, params }: Api<"RunDetail">) {
  const small = params.filter(({ value }) => value.size_bytes <= EDITABLE && !value.files?.length);
  const parts = useQueries({
    queries: small.map(({ name }) => partQuery({ kind: "param", run: run.id, name }, { limit: 1_000 })),
  });
  const given: Record<string, string> = {};
  small.forEach(({ name }, index) => {
    const part = parts[index]?.data;
    if (part && !part.too_large && part.next == null) given[name] = jsonText(part.value).replace(LARGE, "$1");
  });
  return {
    given,
    waiting: parts.some(({ isLoading }) => isLoading),
    params: params.map(({ name, value }) => ({
      name,
      editable: given[name] !== undefined,
      why: value.files?.length
        ? "The same file as before."
        : given[name] === undefined && value.size_bytes > EDITABLE
          ? "The same value as before: it is too large to be changed here."
          : undefined,
    })),
  };
}

interface Asked {
  body: string;
  step: string | undefined;
}

function useRerun(run: string, onDone: () => void) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ body }: Asked) =>
      answer(
        api.POST("/api/v1/runs/{run}/rerun", {
          params: { path: { run } },
          body: { failed: false, from: [], params: {}, cache: true },
          bodySerializer: () => body,
        }),
      ),
    meta: { quiet: true },
    onSuccess: async ({ id }, { step }) => {
      void cache.invalidateQueries({ queryKey: ["runs"] });
      onDone();
      await navigate({ to: "/runs/$run", params: { run: id }, search: step ? { step } : {} });
    },
  });
}
