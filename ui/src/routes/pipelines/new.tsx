import { createFileRoute, useNavigate } from "@tanstack/react-router";
import { Upload } from "lucide-react";
import { toast } from "sonner";
import { Empty } from "@/components/feedback";
import { Page } from "@/components/layout";
import { NewPipeline } from "@/pipeline/editor/NewPipeline";
import { useMay } from "@/shell/session";

export const Route = createFileRoute("/pipelines/new")({ component: New });

function New() {
  const navigate = useNavigate();
  const mayPublish = useMay("publisher");
  return (
    <Page title="New pipeline" fixed>
      {mayPublish ? (
        <NewPipeline
          onDeployed={({ name }) => {
            toast.success(`${name} is deployed`);
            void navigate({ to: "/pipelines/$pipeline", params: { pipeline: name } });
          }}
        />
      ) : (
        <Empty icon={Upload} title="Pipelines are deployed by publishers">
          Your role does not allow it. Ask an admin for one that does.
        </Empty>
      )}
    </Page>
  );
}
