import { useMemo } from "react";
import { CopyButton } from "@/components/CopyButton";
import { count } from "@/lib/units";
import { jsonText } from "./json";
import { Plain } from "./Plain";
import { ScrollBox } from "./ScrollBox";
import type { OutputPart } from "./source";

/** How much is laid out. */
const SHOWN = 100_000;

/** A value as the API writes it: what can be pasted elsewhere. */
export function RawView({ part }: { part: OutputPart }) {
  const text = useMemo(() => jsonText(part.value), [part]);
  const loaded = Array.isArray(part.value) ? part.value.length : undefined;
  const isCut = text.length > SHOWN;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <ScrollBox label="JSON" className="min-h-24 flex-1 px-4 py-2">
        <pre className="font-mono text-xs break-words whitespace-pre-wrap">
          <Plain text={isCut ? text.slice(0, SHOWN) : text} />
        </pre>
      </ScrollBox>
      <div className="flex min-h-10 items-center gap-2 border-t px-4 py-1 text-xs text-muted">
        <p className="min-w-0 flex-1">
          {part.total !== null && part.total !== undefined && loaded !== undefined && loaded < part.total
            ? `The first ${count(loaded)} of ${count(part.total)} elements. `
            : ""}
          {part.too_large ? "What is too large is left out. " : ""}
          {isCut ? `The first ${count(SHOWN)} characters; a copy has all ${count(text.length)}.` : ""}
        </p>
        <CopyButton text={text} label="Copy JSON" />
      </div>
    </div>
  );
}
