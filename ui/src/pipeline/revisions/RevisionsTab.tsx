import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import clsx from "clsx";
import { Undo2 } from "lucide-react";
import { useMemo } from "react";
import { toast } from "sonner";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Dialog";
import { Failure, Loading } from "@/components/feedback";
import { Select } from "@/components/form";
import { Panel } from "@/components/layout";
import { Time } from "@/components/Time";
import { useMay } from "@/shell/session";
import { DiffView } from "../DiffView";
import { afterDeploy } from "../editor/useDeploy";
import type { PipelineSearch } from "../search";
import { useChangeSearch } from "../view/useChangeSearch";
import { compared } from "./compared";

type Revision = Api<"RevisionView">;

interface Props {
  pipeline: Api<"DeployedPipeline">;
  search: PipelineSearch;
}

/** Every text that was deployed, and what changed between two. */
export default function RevisionsTab({ pipeline, search }: Props) {
  const { data, error, refetch } = useQuery(queries.revisions(pipeline.name));
  const change = useChangeSearch();
  const mayPublish = useMay("publisher");
  const revisions = data?.revisions;
  const chosen = useMemo(
    () => revisions && compared(revisions, search.revision, search.against),
    [revisions, search.revision, search.against],
  );
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!revisions || !chosen?.shown) return <Loading />;
  const { shown, against } = chosen;
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-y-auto lg:flex-row lg:overflow-visible">
      <Panel title="Revisions" className="max-h-72 shrink-0 lg:max-h-full lg:w-72 lg:self-start">
        <ul className="min-h-0 overflow-y-auto">
          {revisions.map((revision) => (
            <li key={revision.revision}>
              <RevisionButton
                revision={revision}
                isShown={revision === shown}
                isDeployed={revision.revision === pipeline.revision}
                onShow={() => change({ revision: revision.revision, against: undefined })}
              />
            </li>
          ))}
        </ul>
      </Panel>
      <Panel
        className="min-h-80 flex-1"
        title={against ? `Revision ${shown.revision}, changed from` : `Revision ${shown.revision}`}
        actions={
          <>
            {revisions.length > 1 && (
              <Select
                aria-label="Compare with"
                className="w-auto!"
                value={against?.revision ?? ""}
                onChange={({ target }) =>
                  change({ revision: shown.revision, against: Number(target.value) || undefined })
                }
              >
                {!against && <option value="">nothing before it</option>}
                {revisions
                  .filter((revision) => revision !== shown)
                  .map(({ revision }) => (
                    <option key={revision} value={revision}>
                      revision {revision}
                    </option>
                  ))}
              </Select>
            )}
            {mayPublish && shown.revision !== pipeline.revision && (
              <DeployAgain pipeline={pipeline} revision={shown.revision} />
            )}
          </>
        }
      >
        <DiffView
          before={against?.text ?? ""}
          after={shown.text}
          label={`What revision ${shown.revision} changed`}
          className="min-h-0 flex-1"
        />
      </Panel>
    </div>
  );
}

interface ButtonProps {
  revision: Revision;
  isShown: boolean;
  isDeployed: boolean;
  onShow: () => void;
}

function RevisionButton({ revision, isShown, isDeployed, onShow }: ButtonProps) {
  return (
    <button
      type="button"
      onClick={onShow}
      aria-current={isShown}
      className={clsx(
        "flex w-full items-baseline gap-3 border-l-2 px-4 py-2 text-left",
        isShown ? "border-accent bg-accent-soft" : "border-transparent hover:bg-hover",
      )}
    >
      <span className="tabular w-8 font-medium">{revision.revision}</span>
      <span className="min-w-0 flex-1">
        <Time at={revision.deployed_at} />
        <span className="block truncate text-xs text-muted">by {revision.deployed_by.slice(0, 60)}</span>
      </span>
      {isDeployed && <span className="text-xs text-succeeded">deployed</span>}
    </button>
  );
}

function DeployAgain({ pipeline, revision }: { pipeline: Api<"DeployedPipeline">; revision: number }) {
  const cache = useQueryClient();
  const change = useChangeSearch();
  const deploy = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/pipelines/{name}/revisions/{revision}/deploy", {
          params: { path: { name: pipeline.name, revision } },
        }),
      ),
    onSuccess: (deployed) => {
      toast.success(`Revision ${deployed.revision} is deployed, with the text of revision ${revision}`);
      change({ revision: undefined, against: undefined });
      return afterDeploy(cache);
    },
  });
  return (
    <Confirm
      title={`Deploy the text of revision ${revision} again?`}
      description={`It becomes revision ${pipeline.revision + 1}. Runs that go on keep what they began with.`}
      action={`Deploy revision ${revision} again`}
      onConfirm={() => deploy.mutateAsync().catch(() => undefined)}
    >
      {(open) => (
        <Button icon={Undo2} onClick={open} busy={deploy.isPending}>
          Deploy again …
        </Button>
      )}
    </Confirm>
  );
}
