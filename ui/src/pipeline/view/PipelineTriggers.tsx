import { Timer } from "lucide-react";
import type { Api } from "@/api/client";
import { Empty, Loading } from "@/components/feedback";
import { Code, Panel } from "@/components/layout";
import { TriggerTable } from "@/trigger/TriggerTable";
import { triggerId } from "@/trigger/words";
import { useChangeSearch } from "./useChangeSearch";

interface Props {
  triggers: Api<"TriggerView">[] | undefined;
  open: string | undefined;
}

/** What starts runs of a pipeline. With only one there is nothing to choose: its details are open. */
export function PipelineTriggers({ triggers, open }: Props) {
  const change = useChangeSearch();
  if (!triggers) return <Loading />;
  const [only] = triggers;
  if (!only) {
    return (
      <Panel>
        <Empty icon={Timer} title="Nothing starts it by itself">
          A trigger starts runs on a schedule, when a file or a webhook arrives, or when another pipeline has
          ended. Add <Code>[triggers.NAME]</Code> to its definition, and deploy it.
        </Empty>
      </Panel>
    );
  }
  const shown = open ?? (triggers.length === 1 ? triggerId(only) : undefined);
  return (
    <div className="min-h-0 overflow-y-auto">
      <Panel>
        <TriggerTable
          triggers={triggers}
          open={shown}
          // A name that no trigger has closes the only one.
          onOpen={(trigger) => change({ trigger: trigger ?? (triggers.length === 1 ? "-" : undefined) })}
        />
      </Panel>
    </div>
  );
}
