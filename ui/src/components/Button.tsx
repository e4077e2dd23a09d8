import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";

type Look = "primary" | "plain" | "quiet" | "danger";

interface Props extends ComponentProps<"button"> {
  look?: Look;
  icon?: LucideIcon;
  busy?: boolean;
}

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-hover",
  plain: "bg-surface text-text border-line-strong hover:bg-hover",
  quiet: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-text",
  danger: "bg-surface text-failed border-line-strong hover:bg-failed-soft",
};

const SHAPE =
  "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-2.5 text-sm font-medium whitespace-nowrap";

/** What a button looks like, for links that look like one. */
export function buttonClass(look: Look = "plain"): string {
  return clsx(SHAPE, LOOKS[look]);
}

export function Button({ look = "plain", icon: Icon, busy, children, className, disabled, ...rest }: Props) {
  return (
    <button
      type="button"
      className={clsx(buttonClass(look), "disabled:opacity-50", className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {Icon && <Icon size={15} aria-hidden className={busy ? "animate-pulse" : undefined} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  label: string;
  icon: LucideIcon;
  size?: number;
  badge?: ReactNode;
}

/** A button of an icon alone; its label is read and shown as a hint. */
export function IconButton({ label, icon: Icon, size = 16, badge, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={clsx(
        "relative inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text disabled:opacity-50",
        className,
      )}
      {...rest}
    >
      <Icon size={size} aria-hidden />
      {badge}
    </button>
  );
}
