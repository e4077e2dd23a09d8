import { Download, Eye, Maximize2 } from "lucide-react";
import { useState } from "react";
import type { Api } from "@/api/client";
import { IconButton } from "@/components/Button";
import { bytes } from "@/lib/units";
import { FileDialog, FilePreview } from "./FilePreview";
import { Plain } from "./Plain";
import { fileUrl, type OutputSource } from "./source";
import { visible } from "./visible";

export interface NumberedFile {
  /** By which the host knows it. */
  index: number;
  file: Api<"FileView">;
}

interface Props {
  source: OutputSource;
  files: NumberedFile[];
}

/** The files that a value refers to, and one of them as something to look at. */
export function FilesView({ source, files }: Props) {
  const [chosen, setChosen] = useState(files[0]?.index);
  const [full, setFull] = useState(false);
  const shown = files.find(({ index }) => index === chosen) ?? files[0];
  const canShow = source.kind === "step";
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <ul className="max-h-48 shrink-0 overflow-y-auto border-b" aria-label="Files">
        {files.map(({ index, file }) => (
          <li
            key={index}
            className="flex min-h-9 items-center gap-2 border-b px-4 last:border-b-0 hover:bg-hover"
          >
            <span className="min-w-0 flex-1 truncate" title={visible(file.name)}>
              <Plain text={file.name} />
            </span>
            <span className="hidden max-w-48 truncate text-xs text-muted @xl:inline">
              <Plain text={file.media_type.slice(0, 80)} />
            </span>
            <span className="tabular w-20 shrink-0 text-right text-muted">{bytes(file.size_bytes)}</span>
            {canShow && (
              <>
                <IconButton
                  icon={Eye}
                  label={`Show ${visible(file.name.slice(0, 80))}`}
                  aria-pressed={shown?.index === index}
                  onClick={() => setChosen(index)}
                  className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
                />
                <IconButton
                  icon={Maximize2}
                  label={`Show ${visible(file.name.slice(0, 80))} in full size`}
                  onClick={() => {
                    setChosen(index);
                    setFull(true);
                  }}
                />
                <a
                  href={fileUrl(source, index)}
                  download
                  aria-label={`Download ${visible(file.name.slice(0, 80))}`}
                  title="Download"
                  className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
                >
                  <Download size={16} aria-hidden />
                </a>
              </>
            )}
          </li>
        ))}
      </ul>
      {shown && source.kind === "step" ? (
        <div className="flex min-h-48 flex-1 flex-col">
          <FilePreview key={shown.index} source={source} index={shown.index} file={shown.file} />
          <FileDialog open={full} onOpenChange={setFull} source={source} {...shown} />
        </div>
      ) : (
        <p className="px-4 py-3 text-muted">Files of parameters cannot be downloaded from here.</p>
      )}
    </div>
  );
}
