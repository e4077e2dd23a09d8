import type { Api } from "@/api/client";
import { Empty } from "@/components/feedback";
import { typeWords } from "@/lib/schema-words";
import { hasEnded } from "@/lib/states";
import { useSignatures } from "@/pipeline/signatures";
import { OutputViewer } from "@/values/OutputViewer";
import { whyOf } from "../status";
import { useRunPlace } from "../useRunPlace";
import type { StepProps } from "./StepPanel";

interface Props extends StepProps {
  node: Api<"NodeView"> | undefined;
}

/** What the step, or one of its items, returned. */
export function OutputPart({ detail, graph, step, search }: Props) {
  const change = useRunPlace();
  const signature = useSignatures(graph).get(step.name);
  const item = step.items ? search.item : undefined;
  if (!step.output && item === undefined) {
    return (
      <Empty title={hasEnded(step.state) ? "It returned nothing" : "It has not returned anything yet"}>
        {whyOf(step)?.slice(0, 500) ??
          (step.items ? "Each item that succeeded has an output of its own." : undefined)}
      </Empty>
    );
  }
  return (
    <OutputViewer
      source={{ kind: "step", run: detail.run.id, step: step.name, ...(item === undefined ? {} : { item }) }}
      output={item === undefined ? step.output : undefined}
      {...(signature ? { type: typeWords(signature.output_schema, signature.output) } : {})}
      view={search.view}
      onView={(view) => change({ view })}
      path={search.path}
      onPath={(path) => change({ path: path || undefined })}
    />
  );
}
