import { ScrollText } from "lucide-react";
import type { ReactNode } from "react";
import type { Api } from "@/api/client";
import { Empty } from "@/components/feedback";
import { count, plural } from "@/lib/units";
import { droppedLines } from "./dropped";
import { type LogSource, type LogState, MAX_LINES } from "./follow";
import { whyNothing } from "./why";

interface NoLinesProps {
  detail: Api<"RunDetail"> | undefined;
  source: LogSource;
  live: boolean;
}

export function NoLines({ detail, source, live }: NoLinesProps) {
  const { title, text } = whyNothing(detail, source, live);
  return (
    <Empty icon={ScrollText} title={title}>
      {text}
    </Empty>
  );
}

interface Props {
  log: LogState;
  /** So many lines are not filtered out. */
  shown: number;
  detail: Api<"RunDetail"> | undefined;
  source: LogSource;
  /** The line that the address means is not among them. */
  isLost: boolean;
  /** Shows those, too. */
  onAll: () => void;
}

/** How many lines there are, and what is not among them. */
export function Remarks({ log, shown, detail, source, isLost, onAll }: Props) {
  const all = log.lines.length;
  const dropped = detail ? droppedLines(detail, source) : 0;
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-0.5 border-t px-4 py-1 text-xs text-muted">
      {shown === all ? (
        <span className="tabular">{plural(all, "line")}</span>
      ) : (
        <span className="tabular">
          {count(shown)} of {plural(all, "line")}{" "}
          <button type="button" onClick={onAll} className="text-accent hover:underline">
            Show all
          </button>
        </span>
      )}
      {log.standing === "live" && <span>Live</span>}
      {log.standing === "lost" && <Warning>The connection is lost, and is tried again</Warning>}
      {isLost && log.standing === "ended" && (
        <Warning>
          {shown < all
            ? "The line of this address is not among those that are shown"
            : "The line of this address is not in this log"}
        </Warning>
      )}
      {log.gone > 0 && (
        <Warning>
          The first {plural(log.gone, "line")} are not shown here: a view holds {count(MAX_LINES)}. A download
          has all of them
        </Warning>
      )}
      {dropped > 0 && (
        <Warning>
          {plural(dropped, "line")} more {dropped === 1 ? "was" : "were"} dropped, because a log was full
        </Warning>
      )}
    </div>
  );
}

function Warning({ children }: { children: ReactNode }) {
  return <span className="text-cancelled">{children}</span>;
}
