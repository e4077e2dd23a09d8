import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Loading } from "@/components/feedback";
import { Code } from "@/components/layout";
import { Refusal } from "@/components/Refusal";
import { plural } from "@/lib/units";
import { DiffView } from "../DiffView";
import type { Problem } from "./places";
import { useDeploy } from "./useDeploy";

interface Props {
  text: string;
  /** What the text says its name is. */
  name: string | undefined;
  /** The pipeline from whose page it is deployed. */
  from: string | undefined;
  /** The modules that were uploaded with the text before. */
  modules: Readonly<Record<string, string>> | undefined;
  problems: readonly Problem[];
  onClose: () => void;
  onDeployed: (pipeline: Api<"DeployedPipeline">) => void;
}

/** Shows what deploying changes, and does it. */
export function DeployDialog({ text, name, from, modules = {}, problems, onClose, onDeployed }: Props) {
  const deployed = useDeployed(name);
  const deploy = useDeploy();
  const warnings = problems.filter(({ severity }) => severity === "warning").length;
  const title = deployed.data
    ? `Deploy revision ${deployed.data.revision + 1} of ${deployed.data.name}?`
    : `Deploy ${name ?? "this pipeline"}?`;
  const confirm = () => deploy.mutate({ text, modules }, { onSuccess: onDeployed });
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={title}
      description="Runs that begin from now on execute this text. Runs that go on keep what they began with."
    >
      <div className="flex flex-col gap-3">
        {from !== undefined && name !== undefined && name !== from && (
          <Note>
            The text names <Code>{name.slice(0, 80)}</Code>, not <Code>{from}</Code>:{" "}
            {deployed.data ? "that pipeline is replaced" : "a new pipeline comes of it"}, and {from} stays as
            it is.
          </Note>
        )}
        {from === undefined && deployed.data && (
          <Note>
            There is a pipeline <Code>{deployed.data.name}</Code> already. This text becomes its next
            revision.
          </Note>
        )}
        {warnings > 0 && <Note>{plural(warnings, "warning")}: it can run, but look at the list.</Note>}
        {deployed.isLoading ? (
          <Loading />
        ) : (
          <DiffView
            before={deployed.data?.text ?? ""}
            after={text}
            label="What deploying changes"
            className="max-h-[45vh] rounded-md border"
          />
        )}
        {deploy.error && <Refusal error={deploy.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Go on editing</Button>
          <Button look="primary" busy={deploy.isPending} onClick={confirm}>
            {deployed.data ? `Deploy revision ${deployed.data.revision + 1}` : "Deploy"}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** The pipeline that a name means now; none is an answer, too. */
function useDeployed(name: string | undefined) {
  const all = useQuery(queries.pipelines()).data?.pipelines;
  const known = all?.some((pipeline) => pipeline.name === name) ?? false;
  return useQuery({ ...queries.pipeline(name ?? ""), enabled: known });
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <p className="flex gap-2 rounded-md bg-cancelled-soft px-3 py-2">
      <TriangleAlert size={15} className="mt-0.5 shrink-0 text-cancelled" aria-hidden />
      <span className="min-w-0 break-words">{children}</span>
    </p>
  );
}
