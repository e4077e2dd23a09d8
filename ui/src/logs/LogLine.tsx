import clsx from "clsx";
import { memo } from "react";
import { Plain } from "@/values/Plain";
import { visible } from "@/values/visible";
import { LEVEL_WORDS, type Line, type LogLevel, marked } from "./lines";

/** In one row, more of a line is not read. */
const ROW_TEXT = 1_000;

const LOOKS: Record<LogLevel, string> = {
  trace: "text-faint",
  debug: "text-faint",
  info: "text-muted",
  warn: "text-cancelled",
  error: "text-failed",
};

interface Props {
  line: Line;
  time: string;
  exactTime: string;
  withStep: boolean;
  wrap: boolean;
  /** What is marked in it. */
  find: string;
  /** It is the match at which one is. */
  current: boolean;
  /** It is what the address means. */
  chosen: boolean;
  onChoose: (line: Line) => void;
}

export const LogLine = memo(function LogLine(props: Props) {
  const { line, time, exactTime, withStep, wrap, find, current, chosen, onChoose } = props;
  const text = wrap || line.text.length <= ROW_TEXT ? line.text : `${line.text.slice(0, ROW_TEXT)}…`;
  const isLoud = line.level === "warn" || line.level === "error";
  return (
    <div
      className={clsx(
        "flex gap-x-3 px-4 leading-5",
        // Where there is little room, the text stands below what is known of it.
        wrap && "flex-wrap @xl:flex-nowrap",
        chosen ? "bg-accent-soft" : current ? "bg-hover" : "hover:bg-hover",
      )}
    >
      <button
        type="button"
        aria-label={`Line ${line.number}`}
        aria-pressed={chosen}
        title="Put a link to this line into the address"
        onClick={() => onChoose(line)}
        className="tabular min-w-[5ch] shrink-0 self-start text-left @xl:w-[6ch] @xl:text-right text-faint hover:text-accent hover:underline"
      >
        {line.number}
      </button>
      <time dateTime={line.at} title={exactTime} className="shrink-0 whitespace-pre text-muted">
        {time}
      </time>
      <span className={clsx("w-[7ch] shrink-0", LOOKS[line.level])}>{LEVEL_WORDS[line.level]}</span>
      {withStep && (
        <span
          title={`${line.step}, attempt ${line.attempt}`}
          className="w-[10ch] shrink-0 truncate text-code-key @xl:w-[16ch]"
        >
          {line.step}
        </span>
      )}
      <span
        className={clsx(
          "min-w-0 flex-1",
          wrap ? "basis-full break-words whitespace-pre-wrap @xl:basis-0" : "whitespace-pre",
          isLoud && LOOKS[line.level],
        )}
      >
        {line.stream !== "log" && (
          <span className="mr-2 rounded bg-sunken px-1 text-muted" title={`Written to ${line.stream}`}>
            {line.stream}
          </span>
        )}
        {find === "" ? <Plain text={text} /> : <Marked text={text} find={find} current={current} />}
      </span>
    </div>
  );
});

function Marked({ text, find, current }: { text: string; find: string; current: boolean }) {
  return marked(text, find).map((piece, at) =>
    piece.match ? (
      <mark
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
        key={at}
        className={clsx("rounded-xs text-text", current ? "bg-accent/40" : "bg-cancelled/30")}
      >
        {visible(piece.text)}
      </mark>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
      <Plain key={at} text={piece.text} />
    ),
  );
}
