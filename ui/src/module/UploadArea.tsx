import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Check, CircleAlert, Hourglass, Upload as UploadIcon } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { Button } from "@/components/Button";
import { Input } from "@/components/form";
import { Refusal } from "@/components/Refusal";
import { bytes } from "@/lib/units";
import { useMay } from "@/shell/session";
import { Differences } from "./Differences";
import { hasEnded, type Phase, type Upload, verdict } from "./uploads";
import { useUploads } from "./useUploads";

/** Takes modules: dropped, or chosen. Each is told what became of it. */
export function UploadArea() {
  const { uploads, add, retry, clear } = useUploads();
  const chooser = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    add(files, name || undefined);
    setName("");
  };
  const dragging = (is: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(is);
  };
  return (
    <div className="mb-4 flex flex-col gap-2">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same by keyboard */}
      <div
        onDragEnter={dragging(true)}
        onDragOver={dragging(true)}
        onDragLeave={dragging(false)}
        onDrop={(event) => {
          dragging(false)(event);
          take(event.dataTransfer.files);
        }}
        className={clsx(
          "flex flex-wrap items-center justify-center gap-3 rounded-lg border border-dashed px-4 py-4 text-muted",
          over ? "border-accent bg-accent-soft text-text" : "border-line-strong",
        )}
      >
        <UploadIcon size={16} aria-hidden />
        <span>Drop components (.wasm) here, or</span>
        <Button onClick={() => chooser.current?.click()}>Choose files</Button>
        <Input
          aria-label="Name of the module, if not its own"
          placeholder="under its own name"
          className="w-44!"
          spellCheck={false}
          value={name}
          onChange={({ target }) => setName(target.value.trim())}
        />
        <input
          ref={chooser}
          type="file"
          accept=".wasm,application/wasm"
          multiple
          hidden
          aria-label="Components to upload"
          onChange={({ target }) => {
            take(target.files);
            // The same file can be chosen again when it was made anew.
            target.value = "";
          }}
        />
      </div>
      {uploads.length > 0 && (
        <section aria-label="Uploads" className="overflow-hidden rounded-lg border bg-surface">
          <ul>
            {uploads.map((upload) => (
              <UploadRow key={upload.key} upload={upload} onForce={() => retry(upload)} />
            ))}
          </ul>
          {uploads.every(({ phase }) => hasEnded(phase)) && (
            <div className="flex justify-end border-t px-2 py-1">
              <Button look="quiet" onClick={clear}>
                Clear the list
              </Button>
            </div>
          )}
        </section>
      )}
    </div>
  );
}

function UploadRow({ upload: { file, phase }, onForce }: { upload: Upload; onForce: () => void }) {
  const mayForce = useMay("admin");
  return (
    <li className="flex flex-col gap-2 border-b px-4 py-2.5 last:border-b-0">
      <div className="flex items-center gap-2" role="status">
        <PhaseIcon phase={phase} />
        <span className="min-w-0 truncate font-medium">{file.name}</span>
        <span className="text-xs text-muted">{bytes(file.size)}</span>
        <span className="ml-auto shrink-0 text-muted">{words(phase)}</span>
      </div>
      {phase.is === "sending" && (
        <progress
          value={phase.part}
          className="h-1 w-full accent-accent"
          aria-label={`Sending ${file.name}`}
        />
      )}
      {phase.is === "done" && (
        <div className="flex flex-col gap-1 pl-6">
          <p>
            {verdict(phase.report)}.{" "}
            <Link
              to="/modules/$module"
              params={{ module: phase.report.name }}
              search={phase.report.state === "waiting" ? { tab: "versions" } : {}}
              className="text-accent hover:underline"
            >
              {phase.report.state === "waiting" ? "Look at what it asks for" : "Look at it"}
            </Link>
          </p>
          <Differences difference={phase.report.difference} />
          {(phase.report.broken?.length ?? 0) > 0 && (
            <p className="text-failed">Does not work any more: {phase.report.broken?.join(", ")}</p>
          )}
        </div>
      )}
      {phase.is === "refused" && (
        <>
          <Refusal error={phase.error} />
          {phase.breaks && mayForce && (
            <div className="flex items-center justify-end gap-3">
              <span className="text-muted">The pipelines above stop working, and their triggers fail.</span>
              <Button look="danger" onClick={onForce}>
                Upload all the same
              </Button>
            </div>
          )}
        </>
      )}
    </li>
  );
}

function PhaseIcon({ phase }: { phase: Phase }) {
  if (phase.is === "refused") return <CircleAlert size={16} className="shrink-0 text-failed" aria-hidden />;
  if (phase.is === "done") return <Check size={16} className="shrink-0 text-succeeded" aria-hidden />;
  return <Hourglass size={16} className="shrink-0 text-muted" aria-hidden />;
}

function words(phase: Phase): string {
  switch (phase.is) {
    case "waiting":
      return "waits";
    case "sending":
      return `${Math.round(phase.part * 100)} % sent`;
    case "checking":
      return "is checked and compiled…";
    case "done":
      return "uploaded";
    case "refused":
      return "refused";
  }
}
