import clsx from "clsx";
import { Code } from "./layout";

/** So much of a text is shown: modules write them. */
const SHOWN = 2_000;

/** What somebody wrote about a step or pipeline: paragraphs, and code between backticks. No other Markdown. */
export function Prose({ text, className }: { text: string; className?: string }) {
  const shown = text.trim().slice(0, SHOWN);
  return (
    <p className={clsx("max-w-prose break-words whitespace-pre-line", className)}>
      {shown.split(/(`[^`\n]+`)/).map((part, index) =>
        part.length > 2 && part.startsWith("`") ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the text is what it is
          <Code key={index}>{part.slice(1, -1)}</Code>
        ) : (
          part
        ),
      )}
      {text.trim().length > SHOWN && "…"}
    </p>
  );
}
