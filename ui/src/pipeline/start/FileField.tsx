import clsx from "clsx";
import { FileCheck, Upload as UploadIcon, X } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { type Upload, upload } from "@/api/upload";
import { Button, IconButton } from "@/components/Button";
import { bytes } from "@/lib/units";

interface Props {
  /** What the field is, for who does not see it. */
  label: string;
  id: string;
  describedBy: string;
  invalid: boolean;
  value: Api<"FileUploaded"> | null;
  onChange: (value: Api<"FileUploaded"> | null) => void;
  /** Whether a file is on its way. */
  onBusy: (busy: boolean) => void;
  buttonRef: (element: HTMLElement | null) => void;
}

interface Sending {
  name: string;
  size: number;
  part: number;
}

/** A file that is chosen or dropped, and sent at once. */
export function FileField({ label, id, describedBy, invalid, value, onChange, onBusy, buttonRef }: Props) {
  const [sending, setSending] = useState<Sending>();
  const [mistake, setMistake] = useState<string>();
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const running = useRef<Upload<Api<"FileUploaded">>>(undefined);
  useEffect(() => () => running.current?.cancel(), []);

  const send = async (file: File | undefined) => {
    if (!file) return;
    running.current?.cancel();
    setMistake(undefined);
    onChange(null);
    const started = upload<Api<"FileUploaded">>({
      url: `/api/v1/files?name=${encodeURIComponent(file.name)}`,
      type: "application/octet-stream",
      file,
      onProgress: (part) => setSending({ name: file.name, size: file.size, part }),
    });
    running.current = started;
    setSending({ name: file.name, size: file.size, part: 0 });
    onBusy(true);
    try {
      const file = await started.done;
      if (running.current === started) onChange(file);
    } catch (error) {
      if (running.current === started && error instanceof Error && error.name !== "AbortError") {
        setMistake(error.message);
      }
    } finally {
      if (running.current === started) {
        setSending(undefined);
        onBusy(false);
      }
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void send(event.dataTransfer.files[0]);
  };
  const clear = () => {
    onChange(null);
    if (input.current) input.current.value = "";
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files may be dropped here; the button does the same
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={clsx(
        "flex min-h-14 items-center gap-3 rounded-md border border-dashed px-3 py-2",
        over ? "border-accent bg-accent-soft" : invalid ? "border-failed" : "border-line-strong",
      )}
    >
      <input
        ref={input}
        id={id}
        type="file"
        className="sr-only"
        aria-describedby={describedBy}
        aria-invalid={invalid}
        tabIndex={-1}
        onChange={(event) => void send(event.target.files?.[0])}
      />
      {sending ? (
        <>
          <Sent {...sending} />
          <IconButton label="Stop the upload" icon={X} onClick={() => running.current?.cancel()} />
        </>
      ) : value ? (
        <>
          <FileCheck size={16} className="shrink-0 text-succeeded" aria-hidden />
          <span className="min-w-0 flex-1 truncate">
            {value.name} <span className="tabular text-muted">{bytes(value.size)}</span>
          </span>
          <IconButton label={`Take ${label} away`} icon={X} onClick={clear} />
        </>
      ) : (
        <>
          <span className="min-w-0 flex-1 text-muted">
            {mistake ? (
              <span className="text-failed" role="alert">
                {mistake.slice(0, 300)}
              </span>
            ) : (
              "Drop a file here, or"
            )}
          </span>
          <Button
            ref={buttonRef}
            icon={UploadIcon}
            aria-label={`Choose a file for ${label}`}
            onClick={() => input.current?.click()}
          >
            Choose a file
          </Button>
        </>
      )}
    </div>
  );
}

function Sent({ name, size, part }: Sending) {
  const percent = Math.round(part * 100);
  return (
    <span className="flex min-w-0 flex-1 flex-col gap-1">
      <span className="flex justify-between gap-3">
        <span className="truncate">{name}</span>
        <span className="tabular shrink-0 text-muted">
          {percent} % of {bytes(size)}
        </span>
      </span>
      <span
        role="progressbar"
        aria-label={`Sending ${name}`}
        aria-valuenow={percent}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <span className="block h-full bg-accent" style={{ width: `${percent}%` }} />
      </span>
    </span>
  );
}
