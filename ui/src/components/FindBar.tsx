import { ChevronDown, ChevronUp } from "lucide-react";
import type { KeyboardEvent, ReactNode } from "react";
import { count } from "@/lib/units";
import { IconButton } from "./Button";
import { Input } from "./form";

interface Props {
  /** What is searched in, as "Search the log". */
  label: string;
  text: string;
  onText: (text: string) => void;
  matches: number;
  /** There are more matches than were counted. */
  more?: boolean;
  /** Which of them one is at, from 0. */
  at: number;
  onAt: (at: number) => void;
  /** What was not searched. */
  remark?: ReactNode;
}

/** Finds a text in what is shown: Enter goes to the next match, Shift+Enter to the one before. */
export function FindBar({ label, text, onText, matches, more, at, onAt, remark }: Props) {
  const go = (distance: number) => {
    if (matches > 0) onAt((at + distance + matches) % matches);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && text !== "") {
      // What is around it, such as a panel, stays open.
      event.preventDefault();
      event.stopPropagation();
      onText("");
    }
  };
  return (
    <search className="flex min-w-0 flex-1 basis-40 items-center gap-1 sm:max-w-96">
      <Input
        type="search"
        value={text}
        maxLength={200}
        placeholder="Find"
        aria-label={label}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {text !== "" && (
        <>
          <span role="status" className="tabular shrink-0 px-1 text-xs whitespace-nowrap text-muted">
            {matches === 0 ? "no match" : `${count(at + 1)} of ${count(matches)}${more ? "+" : ""}`}
            {remark}
          </span>
          <IconButton
            label="Previous match"
            icon={ChevronUp}
            disabled={matches === 0}
            onClick={() => go(-1)}
          />
          <IconButton label="Next match" icon={ChevronDown} disabled={matches === 0} onClick={() => go(1)} />
        </>
      )}
    </search>
  );
}
