import { Download, FileText } from "lucide-react";
import type { ReactNode } from "react";
import type { Api } from "@/api/client";
import { buttonClass } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Empty } from "@/components/feedback";
import { bytes } from "@/lib/units";
import { CsvPreview } from "./CsvPreview";
import { MAX_PREVIEW, previewKind } from "./files";
import { fileUrl, previewUrl, type StepSource } from "./source";
import { TextPreview } from "./TextPreview";
import { visible } from "./visible";

interface Props {
  source: StepSource;
  /** By which the host knows it. */
  index: number;
  file: Api<"FileView">;
}

/** A file to look at. Nothing in it can do anything: pages have no scripts, and lead nowhere. */
export function FilePreview({ source, index, file }: Props) {
  const kind = previewKind(file.name);
  const url = previewUrl(source, index);
  if (file.size_bytes > MAX_PREVIEW && kind !== "none") {
    return (
      <NotShown source={source} index={index} title="The file is too large to be shown">
        It has {bytes(file.size_bytes)}; files of at most {bytes(MAX_PREVIEW)} are shown.
      </NotShown>
    );
  }
  switch (kind) {
    case "page":
      return (
        <iframe
          // No scripts, no forms, no origin: the host says the same once more.
          sandbox=""
          src={url}
          title={visible(file.name)}
          className="min-h-0 w-full flex-1 bg-white"
        />
      );
    case "image":
      return (
        <div className="flex min-h-0 flex-1 items-center justify-center overflow-auto bg-sunken p-4">
          <img src={url} alt={visible(file.name)} className="max-h-full max-w-full bg-white object-contain" />
        </div>
      );
    case "csv":
      return <CsvPreview url={url} name={file.name} />;
    case "text":
      return <TextPreview url={url} name={file.name} />;
    case "none":
      return (
        <NotShown source={source} index={index} title="Files of this kind are not shown">
          Download it to open it in a program of yours.
        </NotShown>
      );
  }
}

interface NotShownProps {
  source: StepSource;
  index: number;
  title: string;
  children: ReactNode;
}

function NotShown({ source, index, title, children }: NotShownProps) {
  return (
    <Empty
      icon={FileText}
      title={title}
      action={
        <a href={fileUrl(source, index)} download className={buttonClass()}>
          <Download size={15} aria-hidden />
          Download
        </a>
      }
    >
      {children}
    </Empty>
  );
}

interface DialogProps extends Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** The same over the whole page. */
export function FileDialog({ open, onOpenChange, ...rest }: DialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={visible(rest.file.name)} full>
      <FilePreview {...rest} />
    </Dialog>
  );
}
