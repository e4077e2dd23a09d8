import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { Plain } from "@/values/Plain";
import type { RunEvent } from "./events";

/** What is laid out; all of it can be copied. */
const MAX_SHOWN = 20_000;

/** An event as the host recorded it. */
export function EventDialog({ event, onClose }: { event: RunEvent; onClose: () => void }) {
  const text = JSON.stringify(event, null, 2);
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Event ${event.seq}`} wide>
      <div className="relative rounded-md border bg-sunken">
        <span className="absolute top-1 right-1">
          <CopyButton text={text} label="Copy the JSON" />
        </span>
        <pre className="px-3 py-2 pr-10 font-mono text-xs break-words whitespace-pre-wrap">
          <Plain text={text.slice(0, MAX_SHOWN)} />
          {text.length > MAX_SHOWN && "…"}
        </pre>
      </div>
    </Dialog>
  );
}
