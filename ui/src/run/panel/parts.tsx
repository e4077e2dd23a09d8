/** The small parts that the panel of a step is made of. */

import { Fragment, type ReactNode } from "react";
import { Code } from "@/components/layout";

/** A heading, and what stands below it. */
export function Part({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="min-w-0">
      <div className="mb-1 flex min-h-5 items-center gap-2">
        <h3 className="min-w-0 flex-1 text-xs font-medium text-muted">{title}</h3>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** A sentence of the host: what stands in backticks is code. */
export function Words({ text }: { text: string }) {
  return text.split("`").map((piece, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a sentence stay in their order
      <Code key={index}>{piece}</Code>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <Fragment key={index}>{piece}</Fragment>
    ),
  );
}
