import { useBlocker } from "@tanstack/react-router";
import { LoaderCircle, Rocket } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { Button } from "@/components/Button";
import { Confirm, Dialog } from "@/components/Dialog";
import { Failure, Loading } from "@/components/feedback";
import { Panel } from "@/components/layout";
import { DeployDialog } from "./DeployDialog";
import { ProblemList } from "./ProblemList";
import { type Problem, problemWords } from "./places";
import type { Place } from "./TomlEditor";
import { useCheck } from "./useCheck";

const TomlEditor = lazy(() => import("./TomlEditor"));
const Dag = lazy(() => import("@/graph/Dag"));

const NONE: Problem[] = [];

interface Props {
  title: string;
  /** The text to begin with. */
  initial: string;
  /** The pipeline whose text is edited; none for a new one. */
  pipeline?: string;
  /** The modules that were uploaded with the deployed text: the host cannot read the paths in it. */
  modules?: Readonly<Record<string, string>> | undefined;
  /** Ends editing; a new pipeline is left by going elsewhere. */
  onStop?: () => void;
  onDeployed: (pipeline: Api<"DeployedPipeline">) => void;
}

/** Writes a pipeline: checked while it is typed, drawn as it will be, deployed when it is right. */
export function Editor({ title, initial, pipeline, modules, onStop, onDeployed }: Props) {
  const [text, setText] = useState(initial);
  const [place, setPlace] = useState<Place>();
  const [deploying, setDeploying] = useState(false);
  const { checked, current, error } = useCheck(text, modules);
  const problems = checked?.problems ?? NONE;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const changed = text !== initial;
  // What is deployed is not lost, although the text is still another than the one it began with.
  const saved = useRef(false);
  const blocker = useBlocker({
    withResolver: true,
    shouldBlockFn: ({ current, next }) =>
      changed &&
      !saved.current &&
      (current.pathname !== next.pathname || tabOf(current.search) !== tabOf(next.search)),
    enableBeforeUnload: () => changed && !saved.current,
  });
  const ready = checked !== undefined && current && errors === 0;
  const name = checked?.graph?.pipeline ?? nameIn(text);

  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-y-auto lg:flex-row lg:overflow-visible">
      <Panel
        className="min-h-[28rem] flex-1 lg:min-h-0"
        title={title}
        actions={
          <>
            <span className="flex items-center gap-1.5 text-xs text-muted" role="status">
              {current ? (
                checked && problemWords(problems)
              ) : (
                <>
                  <LoaderCircle size={13} className="animate-spin" aria-hidden />
                  Checking …
                </>
              )}
            </span>
            {onStop && <StopButton changed={changed} onStop={onStop} />}
            <Button
              look="primary"
              icon={Rocket}
              disabled={!ready || (!changed && pipeline !== undefined)}
              title={errors > 0 ? "What is wrong must be mended first" : undefined}
              onClick={() => setDeploying(true)}
            >
              Deploy …
            </Button>
          </>
        }
      >
        <div className="min-h-0 flex-1">
          <Suspense fallback={<Loading lines={12} />}>
            <TomlEditor
              text={text}
              onChange={setText}
              problems={problems}
              label={`${title}, TOML`}
              place={place}
              onSave={() => ready && changed && setDeploying(true)}
            />
          </Suspense>
        </div>
      </Panel>
      <div className="flex min-w-0 flex-col gap-3 lg:w-2/5">
        <Panel title="Problems" className="max-h-80 shrink-0 lg:max-h-[40%]">
          <div className="min-h-0 overflow-y-auto">
            {error ? (
              <Failure error={error} />
            ) : checked ? (
              <ProblemList problems={problems} onGoTo={setPlace} />
            ) : (
              <p className="px-4 py-2 text-muted">{text.trim() ? "Checking …" : "Nothing is written yet."}</p>
            )}
          </div>
        </Panel>
        <Panel title="Graph" className="min-h-80 flex-1 lg:min-h-40">
          <div className="min-h-0 flex-1">
            <Preview
              graph={checked?.graph ?? undefined}
              why={problems.length > 0 ? "It is drawn when no problem is left." : "The steps are drawn here."}
            />
          </div>
        </Panel>
      </div>
      <Dialog
        open={blocker.status === "blocked"}
        onOpenChange={(open) => !open && blocker.reset?.()}
        title="Leave without deploying?"
        description={LOST}
      >
        <div className="flex justify-end gap-2">
          <Button onClick={() => blocker.reset?.()}>Go on editing</Button>
          <Button look="danger" onClick={() => blocker.proceed?.()}>
            Discard the changes
          </Button>
        </div>
      </Dialog>
      {deploying && (
        <DeployDialog
          text={text}
          name={name}
          from={pipeline}
          modules={modules}
          problems={problems}
          onClose={() => setDeploying(false)}
          onDeployed={(deployed) => {
            saved.current = true;
            onDeployed(deployed);
          }}
        />
      )}
    </div>
  );
}

const LOST = "The text was changed. What is not deployed is kept nowhere.";

function StopButton({ changed, onStop }: { changed: boolean; onStop: () => void }) {
  if (!changed) return <Button onClick={onStop}>Stop editing</Button>;
  return (
    <Confirm title="Stop editing?" description={LOST} action="Discard the changes" danger onConfirm={onStop}>
      {(open) => <Button onClick={open}>Stop editing</Button>}
    </Confirm>
  );
}

function tabOf(search: unknown): unknown {
  return typeof search === "object" && search !== null && "tab" in search ? search.tab : undefined;
}

/** The name that a text gives itself, where the host cannot tell yet. */
function nameIn(text: string): string | undefined {
  return /^\s*name\s*=\s*["']([a-z][a-z0-9_]*)["']/m.exec(text)?.[1];
}

/** The graph of the last text that had one. */
function Preview({ graph, why }: { graph: Api<"GraphView"> | undefined; why: string }) {
  const [last, setLast] = useState(graph);
  if (graph && graph !== last) setLast(graph);
  const [selected, setSelected] = useState<string>();
  const shown = graph ?? last;
  if (!shown) {
    return <p className="px-4 py-2 text-muted">{why}</p>;
  }
  return (
    <div className={graph ? "h-full" : "h-full opacity-60"}>
      <Suspense fallback={<Loading />}>
        <Dag graph={shown} layoutKey={keyOf(shown)} selected={selected} onSelect={setSelected} />
      </Suspense>
    </div>
  );
}

/** The same for graphs of the same shape. */
function keyOf({ nodes, edges }: Api<"GraphView">): string {
  let hash = 5381;
  const mix = (text: string) => {
    for (let index = 0; index < text.length; index += 1) {
      hash = (Math.imul(hash, 33) ^ text.charCodeAt(index)) >>> 0;
    }
  };
  for (const { name } of nodes) mix(`${name};`);
  for (const { from, to } of edges) mix(`${from}>${to};`);
  return `draft/${nodes.length}/${edges.length}/${hash}`;
}
