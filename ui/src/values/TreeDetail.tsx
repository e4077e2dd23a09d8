import { Copy, Focus } from "lucide-react";
import { toast } from "sonner";
import { Button } from "@/components/Button";
import { Code } from "@/components/layout";
import { Plain } from "./Plain";
import { ScrollBox } from "./ScrollBox";
import type { TreeRow } from "./tree";
import { copyText } from "./value";
import { visible } from "./visible";

/** How much of a text is laid out. */
const TEXT = 20_000;
/** Shorter ones are seen in the tree. */
const SHORT = 60;

/** The chosen row in full: its path, and texts that are longer than a row. */
export function TreeDetail({ row, onFocusPath }: { row: TreeRow; onFocusPath: (path: string) => void }) {
  const { path, value, json } = row;
  const text = value?.kind === "string" ? value.text : undefined;
  const isLong = text !== undefined && (text.length > SHORT || text.includes("\n"));
  return (
    <div className="border-t bg-surface">
      {isLong && (
        <ScrollBox label="Text" className="max-h-48 border-b bg-sunken px-4 py-2">
          <pre className="font-mono text-xs break-words whitespace-pre-wrap">
            <Plain text={text.slice(0, TEXT)} />
          </pre>
          {text.length > TEXT && (
            <p className="mt-1 text-xs text-muted">
              The first {TEXT.toLocaleString("en-US")} characters. A copy has all of them.
            </p>
          )}
        </ScrollBox>
      )}
      <div className="flex min-h-10 flex-wrap items-center gap-x-2 gap-y-1 px-3 py-1">
        <span className="min-w-0 flex-1 basis-full truncate text-xs text-muted @xl:basis-0">
          {path ? <Code>{visible(path)}</Code> : path === "" ? "The whole value" : "No path leads here"}
        </span>
        {path && (
          <>
            <Button look="quiet" icon={Focus} onClick={() => onFocusPath(path)}>
              Show alone
            </Button>
            <Button look="quiet" icon={Copy} onClick={() => copy(path, "Path copied")}>
              Copy path
            </Button>
          </>
        )}
        {value && (
          <Button look="quiet" icon={Copy} onClick={() => copy(copyText(json), "Value copied")}>
            Copy value
          </Button>
        )}
      </div>
    </div>
  );
}

function copy(text: string, said: string) {
  navigator.clipboard.writeText(text).then(
    () => toast.success(said),
    () => toast.error("The browser does not allow copying"),
  );
}
