import { ViewportPortal } from "@xyflow/react";
import { memo } from "react";
import type { EdgeLabel, Stroke } from "./edges";

/**
 * The edges below the steps. React Flow would make elements and listeners of each: a step that a thousand others wait for
 * would take a second to appear.
 */
export const Edges = memo(function Edges({ strokes, labels }: { strokes: Stroke[]; labels: EdgeLabel[] }) {
  return (
    <ViewportPortal>
      <svg className="pointer-events-none absolute -z-1 size-px overflow-visible" aria-hidden>
        {strokes.map(({ key, path, colour, width, dashes }) => (
          <path key={key} d={path} fill="none" stroke={colour} strokeWidth={width} strokeDasharray={dashes} />
        ))}
      </svg>
      {labels.map(({ key, text, x, y }) => (
        <span
          key={key}
          className="pointer-events-none absolute -z-1 bg-page px-1 text-[11px] leading-4 whitespace-nowrap text-muted"
          style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
        >
          {text}
        </span>
      ))}
    </ViewportPortal>
  );
});
