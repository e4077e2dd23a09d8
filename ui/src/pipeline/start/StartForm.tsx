import { CircleAlert, Play } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { Controller, type FieldErrors, useForm } from "react-hook-form";
import { ProblemError } from "@/api/client";
import { Button } from "@/components/Button";
import { placeMistakes } from "./mistakes";
import { ParamField } from "./ParamField";
import { type FormValues, initialValues, type Param, parseValue, startBody } from "./params";
import { type Shape, shapeMistake } from "./shape";

interface Props {
  params: readonly Param[];
  shapes: ReadonlyMap<string, Shape>;
  /** Starts a run with this body; `stay` if its page is not to be opened. */
  onStart: (body: string, stay: boolean) => Promise<void>;
}

const NONE: ReadonlySet<string> = new Set();
const FIRST = "input:not([tabindex='-1']), select, textarea, button";

interface Told {
  message: string;
  help?: string | undefined;
}

/** What a run is given. What is wrong is said at its field, before it is sent and by the host. */
export function StartForm({ params, shapes, onStart }: Props) {
  const [begin] = useState(() => initialValues(params));
  const [cache, setCache] = useState(true);
  const [uploads, setUploads] = useState<ReadonlySet<string>>(NONE);
  const [told, setTold] = useState<Told>();
  // Buttons stay enabled meanwhile, so that the focus stays where it is: this keeps a second click from doing anything.
  const starting = useRef(false);
  const cacheId = useId();
  const form = useRef<HTMLFormElement>(null);
  // The first field, not the button that closes the dialog.
  useEffect(() => {
    form.current?.querySelector<HTMLElement>(FIRST)?.focus();
  }, []);
  const { control, handleSubmit, setError, formState } = useForm<FormValues>({
    defaultValues: begin,
    mode: "onTouched",
    resolver: (values) => {
      const errors = mistakesOf(params, shapes, values);
      return Object.keys(errors).length > 0 ? { values: {}, errors } : { values, errors: {} };
    },
  });
  const start = async (values: FormValues, stay: boolean) => {
    if (starting.current) return;
    starting.current = true;
    setTold(undefined);
    try {
      await onStart(startBody(params, values, cache), stay);
    } catch (error) {
      const { fields, rest } = placeMistakes(
        error instanceof Error ? error.message : String(error),
        params.map(({ name }) => name),
      );
      for (const [name, message] of fields) setError(name, { message }, { shouldFocus: true });
      const help = error instanceof ProblemError ? error.help : undefined;
      if (rest.length > 0 || fields.size === 0) setTold({ message: rest.join("\n"), help });
    } finally {
      starting.current = false;
    }
  };
  const submit = (stay: boolean) => handleSubmit((values) => start(values, stay));
  const busy = formState.isSubmitting;
  return (
    <form
      ref={form}
      onSubmit={submit(false)}
      noValidate
      aria-label="Parameters"
      className="flex flex-col gap-4"
    >
      {params.length === 0 && <p className="text-muted">It takes no parameters.</p>}
      {params.map((param) => (
        <Controller
          key={param.name}
          control={control}
          name={param.name}
          render={({ field, fieldState }) => (
            <ParamField
              param={param}
              shape={shapes.get(param.name) ?? {}}
              value={field.value}
              mistake={fieldState.error?.message}
              onChange={field.onChange}
              onBlur={field.onBlur}
              inputRef={field.ref}
              onBusy={(busy) =>
                setUploads((before) => {
                  const others = [...before].filter((name) => name !== param.name);
                  return new Set(busy ? [...others, param.name] : others);
                })
              }
            />
          )}
        />
      ))}
      <div className="flex items-start gap-2">
        <input
          id={cacheId}
          type="checkbox"
          className="mt-1 accent-accent"
          checked={cache}
          onChange={(event) => setCache(event.target.checked)}
        />
        <label htmlFor={cacheId}>
          Take results of earlier attempts where nothing changed
          <span className="block text-xs text-muted">Otherwise all steps compute anew.</span>
        </label>
      </div>
      {told && (
        <div className="flex gap-2 rounded-md bg-failed-soft px-3 py-2" role="alert">
          <CircleAlert size={15} className="mt-0.5 shrink-0 text-failed" aria-hidden />
          <div className="min-w-0 break-words whitespace-pre-line">
            {told.message.slice(0, 2_000)}
            {told.help && <p className="text-muted">{told.help.slice(0, 1_000)}</p>}
          </div>
        </div>
      )}
      <div className="sticky -bottom-5 z-10 -mx-5 -mb-5 flex flex-wrap items-center justify-end gap-2 border-t bg-raised px-5 py-3">
        {uploads.size > 0 && (
          <span className="mr-auto text-muted" role="status">
            A file is on its way …
          </span>
        )}
        <Button disabled={uploads.size > 0} aria-disabled={busy} onClick={() => void submit(true)()}>
          Start and stay here
        </Button>
        <Button
          type="submit"
          look="primary"
          icon={Play}
          disabled={uploads.size > 0}
          aria-disabled={busy}
          aria-busy={busy}
          className={busy ? "opacity-50" : undefined}
        >
          Start run
        </Button>
      </div>
    </form>
  );
}

function mistakesOf(
  params: readonly Param[],
  shapes: ReadonlyMap<string, Shape>,
  values: FormValues,
): FieldErrors<FormValues> {
  const mistakes: Record<string, { type: string; message: string }> = {};
  for (const param of params) {
    const parsed = parseValue(param, values[param.name]);
    const message =
      "mistake" in parsed
        ? parsed.mistake
        : parsed.json === undefined
          ? undefined
          : shapeMistake(shapes.get(param.name) ?? {}, parsed.json);
    if (message !== undefined) mistakes[param.name] = { type: "value", message };
  }
  return mistakes;
}
