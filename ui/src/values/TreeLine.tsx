import clsx from "clsx";
import { ChevronRight } from "lucide-react";
import { bytes, count } from "@/lib/units";
import { Plain } from "./Plain";
import type { TreeRow } from "./tree";
import { summary, type Value } from "./value";

/** Longer keys are cut: the path says them in full. */
const LABEL = 80;
const PREVIEW = 200;
/** Of longer texts, one cannot see how long they are. */
const LONG = 40;

interface Props {
  id: string;
  row: TreeRow;
  top: number;
  active: boolean;
  onChoose: () => void;
  onToggle: () => void;
}

/** A row of a tree. The tree itself has the focus and hears the keys. */
export function TreeLine({ id, row, top, active, onChoose, onToggle }: Props) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree hears the keys
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-posinset={row.place}
      aria-setsize={row.siblings}
      aria-selected={active}
      {...(row.openable ? { "aria-expanded": row.open } : {})}
      onClick={() => {
        onChoose();
        if (row.openable) onToggle();
      }}
      className={clsx(
        "absolute inset-x-0 flex h-6 cursor-default items-center gap-1.5 pr-3 whitespace-nowrap",
        active ? "bg-accent-soft" : "hover:bg-hover",
      )}
      style={{ top, paddingLeft: 8 + row.depth * 16 }}
    >
      <ChevronRight
        size={14}
        aria-hidden
        className={clsx("shrink-0 text-muted", row.open && "rotate-90", !row.openable && "invisible")}
      />
      {row.label !== undefined && (
        <span className={clsx("shrink-0", row.role === "key" ? "text-code-key" : "text-muted")}>
          <Plain text={row.label.length > LABEL ? `${row.label.slice(0, LABEL)}…` : row.label} />
          {row.role !== "range" && <span className="text-faint">:</span>}
        </span>
      )}
      {row.remark ? <Remark remark={row.remark} /> : <Preview row={row} />}
    </div>
  );
}

function Preview({ row }: { row: TreeRow }) {
  const { value } = row;
  if (!value)
    return <span className="text-muted">{row.type === "large" ? "large, open to load" : row.type}</span>;
  const isOpenable = value.kind === "list" || value.kind === "map";
  return (
    <>
      {!(isOpenable && row.open) && (
        <span className={clsx("min-w-0 truncate", COLOURS[value.kind])}>
          <Plain text={summary(row.json, PREVIEW)} />
        </span>
      )}
      <span className="shrink-0 pl-1 font-sans text-2xs text-muted">{hint(value, row.type)}</span>
    </>
  );
}

const COLOURS: Record<Value["kind"], string> = {
  null: "text-muted",
  boolean: "text-code-number",
  number: "text-code-number",
  string: "text-code-text",
  timestamp: "text-code-text",
  bytes: "text-text",
  extension: "text-text",
  file: "text-text",
  list: "text-muted",
  map: "text-muted",
};

/** The type, and how large it is. */
function hint(value: Value, type: string): string {
  switch (value.kind) {
    case "null":
      return "";
    case "string":
      return value.text.length > LONG ? `string of ${count(value.text.length)}` : type;
    case "file":
      return `file, ${value.file.media_type.slice(0, 60)}`;
    case "bytes":
    case "extension":
      return `${type}, ${bytes(value.size)}`;
    default:
      return type;
  }
}

function Remark({ remark }: { remark: NonNullable<TreeRow["remark"]> }) {
  switch (remark.state) {
    case "loading":
      return <span className="text-muted">Loading…</span>;
    case "failed":
      return (
        <span className="text-failed">
          {remark.error instanceof Error ? remark.error.message : String(remark.error)}
        </span>
      );
    case "too-large":
      return (
        <span className="text-cancelled">A map too large to be shown: go to a key in it, or download it</span>
      );
  }
}
