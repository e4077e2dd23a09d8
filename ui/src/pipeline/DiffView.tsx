import clsx from "clsx";
import { useMemo, useState } from "react";
import { count, plural } from "@/lib/units";
import { type DiffLine, diffLines, foldSame } from "./diff";

/** Lines shown around each change. */
const AROUND = 3;
/** More are not laid out at once: a diff of that many is not read but skimmed. */
const MOST = 2_000;

interface Props {
  before: string;
  after: string;
  /** What is compared, for who does not see it. */
  label: string;
  className?: string;
}

/** What changed from one text to another. */
export function DiffView({ before, after, label, className }: Props) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const [whole, setWhole] = useState(false);
  const parts = useMemo(() => (whole ? [{ lines }] : foldSame(lines, AROUND)), [lines, whole]);
  const changed = lines.some(({ kind }) => kind !== "same");
  if (!changed) return <p className="px-4 py-6 text-center text-muted">The texts are the same.</p>;
  let left = MOST;
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too
      tabIndex={0}
      className={clsx("overflow-auto bg-surface font-mono text-xs leading-5", className)}
    >
      <table className="w-full border-collapse">
        <tbody>
          {parts.map((part, index) => {
            if ("left" in part) {
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts have no names and do not move
                <tr key={index}>
                  <td colSpan={4} className="bg-sunken px-3 py-0.5">
                    <button
                      type="button"
                      className="font-sans text-muted hover:text-text hover:underline"
                      onClick={() => setWhole(true)}
                    >
                      {plural(part.left, "line")} without a change
                    </button>
                  </td>
                </tr>
              );
            }
            const shown = part.lines.slice(0, Math.max(0, left));
            left -= part.lines.length;
            return shown.map((line) => <Line key={`${line.before}:${line.after}`} line={line} />);
          })}
        </tbody>
      </table>
      {left < 0 && <p className="px-3 py-2 font-sans text-muted">… and {count(-left)} more lines</p>}
    </section>
  );
}

const SIGNS = { same: "", added: "+", removed: "−" } as const;

function Line({ line: { kind, text, before, after } }: { line: DiffLine }) {
  const number = "w-10 min-w-10 px-2 text-right align-top text-faint select-none";
  return (
    <tr
      className={clsx(kind === "added" && "bg-succeeded-soft", kind === "removed" && "bg-failed-soft")}
      data-kind={kind}
    >
      <td className={clsx(number, kind !== "same" && "text-muted")}>{before}</td>
      <td className={clsx(number, kind !== "same" && "text-muted")}>{after}</td>
      <td className="w-5 min-w-5 text-center align-top select-none">
        {SIGNS[kind]}
        {kind !== "same" && <span className="sr-only">{kind}: </span>}
      </td>
      <td className="w-full pr-4 whitespace-pre">{text.slice(0, 2_000)}</td>
    </tr>
  );
}
