import { useMutation } from "@tanstack/react-query";
import { ArrowDownToLine, Clock, Download, WrapText } from "lucide-react";
import { Button, IconButton } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { asText, type Line } from "./lines";

interface Props {
  lines: Line[];
  /** All lines that the filters leave, also those that the view has no room for. */
  allLines: () => Promise<Line[]>;
  withStep: boolean;
  /** What the file is called when it is downloaded. */
  name: string;
  live: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  wrap: boolean;
  onWrap: (wrap: boolean) => void;
  sinceStart: boolean;
  onSinceStart: (sinceStart: boolean) => void;
}

const PRESSED = "aria-pressed:bg-accent-soft aria-pressed:text-accent";

/** How lines are shown, and what can be done with them. */
export function LogTools(props: Props) {
  const { lines, allLines, withStep, name, live, follow, onFollow, wrap, onWrap, sinceStart, onSinceStart } =
    props;
  const download = useMutation({
    mutationFn: async () => save(asText(await allLines(), withStep), name),
  });
  return (
    <div className="ml-auto flex items-center">
      {live && (
        <Button
          look="quiet"
          icon={ArrowDownToLine}
          aria-pressed={follow}
          title="Stay at the end while lines come"
          onClick={() => onFollow(!follow)}
          className={PRESSED}
        >
          Follow
        </Button>
      )}
      <IconButton
        label="Times since the start of the run"
        icon={Clock}
        aria-pressed={sinceStart}
        onClick={() => onSinceStart(!sinceStart)}
        className={PRESSED}
      />
      <IconButton
        label="Wrap long lines"
        icon={WrapText}
        aria-pressed={wrap}
        onClick={() => onWrap(!wrap)}
        className={PRESSED}
      />
      <CopyButton text={() => asText(lines, withStep)} label="Copy these lines" />
      <IconButton
        label="Download as text"
        icon={Download}
        disabled={download.isPending}
        onClick={() => download.mutate()}
      />
    </div>
  );
}

function save(text: string, name: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
