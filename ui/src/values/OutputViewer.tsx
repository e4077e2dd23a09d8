import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { Download } from "lucide-react";
import { useMemo, useState } from "react";
import type { Api } from "@/api/client";
import { buttonClass } from "@/components/Button";
import { Empty, Failure, Loading } from "@/components/feedback";
import { bytes, plural } from "@/lib/units";
import { FilesView } from "./FilesView";
import { filesIn } from "./filesIn";
import { PathBar } from "./PathBar";
import { RawView } from "./RawView";
import { type OutputPart, type OutputSource, partQuery, rawUrl, sourceKey } from "./source";
import { TableView } from "./TableView";
import { TooLarge } from "./TooLarge";
import { TreeView } from "./TreeView";
import { ViewSwitch } from "./ViewSwitch";
import { firstView, type OutputView, viewsOf } from "./views";

interface Props {
  source: OutputSource;
  /** What the run's detail says of it: known before the value itself is here. */
  output?: Api<"OutputView"> | null | undefined;
  /** The type in words, such as `list of Month`. */
  type?: string;
  /** How it is looked at, and which part of it; without a callback, the viewer keeps them itself. */
  view?: OutputView | undefined;
  onView?: (view: OutputView) => void;
  path?: string | undefined;
  onPath?: (path: string) => void;
  className?: string;
}

/** A stored value, in the views that fit it. It fills what it stands in, which needs a height. */
export function OutputViewer(props: Props) {
  // Another value is another view: nothing that was open or chosen in one may be taken for the other.
  return <Viewer key={sourceKey(props.source).join("/")} {...props} />;
}

function Viewer({ source, output, type, view, onView, path, onPath, className }: Props) {
  const [ownView, setOwnView] = useState<OutputView>();
  const [ownPath, setOwnPath] = useState("");
  const at = (onPath ? path : ownPath) ?? "";
  const go = onPath ?? setOwnPath;
  const { data, error, refetch } = useQuery(partQuery(source, { path: at }));
  const facts = data?.output ?? output ?? undefined;
  return (
    <div className={clsx("@container flex min-h-80 flex-1 flex-col", className)}>
      <Parts
        source={source}
        part={data}
        facts={facts}
        type={type}
        path={at}
        onPath={go}
        chosen={onView ? view : ownView}
        onView={onView ?? setOwnView}
        error={error}
        retry={() => void refetch()}
      />
    </div>
  );
}

interface PartsProps {
  source: OutputSource;
  part: OutputPart | undefined;
  facts: Api<"OutputView"> | undefined;
  type: string | undefined;
  path: string;
  onPath: (path: string) => void;
  chosen: OutputView | undefined;
  onView: (view: OutputView) => void;
  error: Error | null;
  retry: () => void;
}

function Parts({ source, part, facts, type, path, onPath, chosen, onView, error, retry }: PartsProps) {
  const files = useMemo(() => filesIn(part, source, path), [part, source, path]);
  const views = part ? viewsOf(part, files.length) : [];
  const view = chosen && views.includes(chosen) ? chosen : part && firstView(part, views);
  return (
    <>
      <div className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-1">
        {view && <ViewSwitch views={views} active={view} onChange={onView} files={files.length} />}
        <p className="min-w-0 flex-1 truncate text-xs text-muted">
          {facts && <Facts facts={facts} type={type} />}
        </p>
        {source.kind === "step" && (
          <a
            href={rawUrl(source)}
            download
            className={buttonClass("quiet")}
            title="Download all of it as MessagePack"
          >
            <Download size={15} aria-hidden />
            <span className="sr-only @md:not-sr-only">Download</span>
          </a>
        )}
      </div>
      <PathBar path={path} onPath={onPath} />
      {error ? (
        <Failure error={error} retry={retry} />
      ) : !part || !view ? (
        <Loading />
      ) : view === "files" ? (
        <FilesView source={source} files={files} />
      ) : isAbsent(part) ? (
        <TooLarge key={path} onPath={onPath} />
      ) : part.total === 0 ? (
        <Empty title="An empty list" />
      ) : view === "table" ? (
        <TableView key={path} source={source} path={path} part={part} onFocusPath={onPath} />
      ) : view === "raw" ? (
        <RawView part={part} />
      ) : (
        <TreeView key={path} source={source} path={path} part={part} onFocusPath={onPath} />
      )}
    </>
  );
}

/** Lists come in windows; anything else comes whole, or not at all. */
function isAbsent({ too_large, total, value }: OutputPart): boolean {
  return too_large === true && typeof total !== "number" && (value === undefined || value === null);
}

function Facts({ facts, type }: { facts: Api<"OutputView">; type: string | undefined }) {
  const form = facts.form === "rows" ? plural(facts.items ?? 0, "row") : undefined;
  const words = [form, bytes(facts.size_bytes), type].filter((word) => word !== undefined);
  return <span title={`Content ${facts.hash}`}>{words.join(" · ")}</span>;
}
