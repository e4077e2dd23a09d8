import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { FindBar } from "@/components/FindBar";
import { count } from "@/lib/units";
import { ancestorsOf, findInTree } from "./search";
import type { OutputPart, OutputSource } from "./source";
import { TreeDetail } from "./TreeDetail";
import { TreeLine } from "./TreeLine";
import { contentOf } from "./tree";
import { moveInTree } from "./treeKeys";
import { useTree } from "./useTree";

const ROW = 24;

interface Props {
  source: OutputSource;
  /** Where the part is in the output. */
  path: string;
  part: OutputPart;
  /** Shows a part alone. */
  onFocusPath: (path: string) => void;
}

/** A value with its keys and types. Only the rows that are seen are there, and only the parts that were opened. */
export function TreeView({ source, path, part, onFocusPath }: Props) {
  const { rows, toggle, openSiblings, openAll } = useTree(source, path, part);
  const [active, setActive] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const found = rows.findIndex((row) => row.id === active);
  const at = Math.max(found, 0);
  const chosen = rows[at];

  const go = (to: number) => {
    const row = rows[to];
    if (!row) return;
    setActive(row.id);
    virtual.scrollToIndex(to, { align: "auto" });
  };
  // A row inside something closed is there only after that was opened.
  const [wanted, setWanted] = useState<string>();
  const wantedAt = wanted === undefined ? -1 : rows.findIndex((row) => row.id === wanted);
  useEffect(() => {
    if (wantedAt < 0) return;
    virtual.scrollToIndex(wantedAt, { align: "center" });
    setWanted(undefined);
  }, [wantedAt, virtual]);
  const reveal = (row: string) => {
    openAll(ancestorsOf(row));
    setActive(row);
    setWanted(row);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!chosen || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 1);
    const move = moveInTree(event.key, rows, at, page);
    if (!move) return;
    event.preventDefault();
    if (move.do === "go") go(move.to);
    else if (move.do === "siblings") openSiblings(chosen);
    else toggle(chosen, move.do === "open");
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <TreeFind part={part} active={active} onReveal={reveal} />
      <div
        ref={scroller}
        role="tree"
        aria-label="Value"
        tabIndex={0}
        aria-activedescendant={chosen && `${id}${chosen.id}`}
        onKeyDown={onKeyDown}
        className="min-h-24 flex-1 overflow-auto py-1 font-mono text-xs -outline-offset-2"
      >
        <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return (
              row && (
                <TreeLine
                  key={row.id + row.role}
                  id={`${id}${row.id}`}
                  row={row}
                  top={start}
                  active={row.id === chosen?.id}
                  onChoose={() => setActive(row.id)}
                  onToggle={() => toggle(row)}
                />
              )
            );
          })}
        </div>
      </div>
      {chosen && <TreeDetail key={chosen.id} row={chosen} onFocusPath={onFocusPath} />}
    </div>
  );
}

interface FindProps {
  part: OutputPart;
  active: string;
  onReveal: (id: string) => void;
}

/** Finds keys and values in what came with the first answer. */
function TreeFind({ part, active, onReveal }: FindProps) {
  const [text, setText] = useState("");
  const find = useDeferredValue(text);
  const content = useMemo(() => contentOf(part), [part]);
  const { ids, more } = useMemo(() => findInTree(content, find), [content, find]);
  const here =
    content.kind === "list" && content.elements.size < content.total ? content.elements.size : undefined;
  const reveal = useRef(onReveal);
  reveal.current = onReveal;
  useEffect(() => {
    const [first] = ids;
    if (first !== undefined) reveal.current(first);
  }, [ids]);
  return (
    <div className="flex min-h-10 items-center border-b px-4 py-1">
      <FindBar
        label="Find in the value"
        text={text}
        onText={setText}
        matches={ids.length}
        more={more}
        at={Math.max(ids.indexOf(active), 0)}
        onAt={(at) => {
          const id = ids[at];
          if (id !== undefined) onReveal(id);
        }}
        remark={here !== undefined && ` in the first ${count(here)}`}
      />
    </div>
  );
}
