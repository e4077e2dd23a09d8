import clsx from "clsx";
import type { ReactNode } from "react";

/** A box that scrolls, by keys too. */
export function ScrollBox({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, a keyboard could not scroll it
      tabIndex={0}
      aria-label={label}
      className={clsx("overflow-auto -outline-offset-2", className)}
    >
      {children}
    </section>
  );
}
