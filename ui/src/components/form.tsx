/** Fields of forms, each with its label, hint and mistake tied to it. */

import clsx from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

export const inputClass =
  "h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-text aria-invalid:border-failed disabled:opacity-60";

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  mistake?: string | undefined;
  children: (props: { id: string; "aria-describedby": string; "aria-invalid": boolean }) => ReactNode;
}

export function Field({ label, hint, mistake, children }: FieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": `${id}-hint`, "aria-invalid": mistake !== undefined })}
      <p id={`${id}-hint`} className={clsx("text-xs", mistake ? "text-failed" : "text-muted")}>
        {mistake ?? hint}
      </p>
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={clsx(inputClass, className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={clsx(inputClass, "h-auto py-1.5 font-mono", className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={clsx(inputClass, "pr-7", className)} {...rest} />;
}

interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  disabled?: boolean;
}

/** On or off, at once. */
export function Switch({ checked, onChange, label, disabled }: SwitchProps) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => onChange(!checked)}
      className={clsx(
        "relative h-5 w-9 shrink-0 rounded-full border transition-colors disabled:opacity-50",
        checked ? "border-accent bg-accent" : "border-line-strong bg-sunken",
      )}
    >
      <span
        className={clsx(
          "absolute top-0.5 left-0.5 size-3.5 rounded-full transition-transform",
          checked ? "translate-x-4 bg-on-accent" : "bg-faint",
        )}
      />
    </button>
  );
}
