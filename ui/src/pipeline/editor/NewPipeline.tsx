import { useQuery } from "@tanstack/react-query";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Loading } from "@/components/feedback";
import { beginning } from "./beginning";
import { Editor } from "./Editor";

/** A pipeline from the beginning: with a step that there is, if there is one. */
export function NewPipeline({ onDeployed }: { onDeployed: (pipeline: Api<"DeployedPipeline">) => void }) {
  const modules = useQuery(queries.modules());
  const name = modules.data?.modules.find(({ digest, steps }) => digest && steps.length > 0)?.name;
  const module = useQuery({ ...queries.module(name ?? ""), enabled: name !== undefined });
  if (modules.isLoading || module.isLoading) return <Loading lines={10} />;
  return <Editor title="Definition" initial={beginning(module.data)} onDeployed={onDeployed} />;
}
