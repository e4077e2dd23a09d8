import { useNavigate } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { toast } from "sonner";
import type { Api } from "@/api/client";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Loading } from "@/components/feedback";
import { Panel } from "@/components/layout";
import { useMay } from "@/shell/session";
import { Editor } from "./Editor";
import { ProblemList } from "./ProblemList";
import type { Place } from "./TomlEditor";

const TomlEditor = lazy(() => import("./TomlEditor"));

/** The text of a pipeline: to be read, and to be changed by who may. */
export default function DefinitionTab({ pipeline }: { pipeline: Api<"DeployedPipeline"> }) {
  const [editing, setEditing] = useState<{ text: string; revision: number }>();
  const navigate = useNavigate();
  const edit = () => setEditing({ text: pipeline.text ?? "", revision: pipeline.revision });
  if (!editing) return <Definition pipeline={pipeline} onEdit={edit} />;
  const outdated = pipeline.revision !== editing.revision;
  return (
    <>
      {outdated && (
        <p className="mb-3 rounded-md bg-cancelled-soft px-3 py-2" role="status">
          Revision {pipeline.revision} was deployed meanwhile, by {pipeline.deployed_by.slice(0, 60)}. What is
          shown before deploying is the difference to that one.
        </p>
      )}
      <Editor
        title={`Definition, changed from revision ${editing.revision}`}
        initial={editing.text}
        pipeline={pipeline.name}
        modules={pipeline.modules}
        onStop={() => setEditing(undefined)}
        onDeployed={(deployed) => {
          setEditing(undefined);
          toast.success(`Revision ${deployed.revision} of ${deployed.name} is deployed`);
          // The text may name another pipeline than the one it began as.
          void navigate({
            to: "/pipelines/$pipeline",
            params: { pipeline: deployed.name },
            search: { tab: "graph" },
          });
        }}
      />
    </>
  );
}

interface DefinitionProps {
  pipeline: Api<"DeployedPipeline">;
  onEdit: () => void;
}

function Definition({ pipeline, onEdit }: DefinitionProps) {
  const mayPublish = useMay("publisher");
  const [place, setPlace] = useState<Place>();
  const problems = pipeline.problems ?? [];
  const text = pipeline.text ?? "";
  return (
    <Panel
      className="min-h-80 flex-1"
      title={`Definition, revision ${pipeline.revision}`}
      actions={
        <>
          <CopyButton text={text} label="Copy the definition" />
          {mayPublish && (
            <Button icon={Pencil} onClick={onEdit}>
              Edit
            </Button>
          )}
        </>
      }
    >
      <div className="min-h-0 flex-1">
        <Suspense fallback={<Loading lines={12} />}>
          <TomlEditor
            text={text}
            problems={problems}
            label={`Definition of ${pipeline.name}, TOML, not to be changed`}
            place={place}
          />
        </Suspense>
      </div>
      {problems.length > 0 && (
        <div className="max-h-52 shrink-0 overflow-y-auto border-t">
          <ProblemList problems={problems} onGoTo={setPlace} />
        </div>
      )}
    </Panel>
  );
}
