/** One pipeline: what it is, what it did, and how it is changed. */

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Loading } from "@/components/feedback";
import { Page } from "@/components/layout";
import { type Tab, Tabs } from "@/components/Tabs";
import type { PipelineSearch, PipelineTab } from "../search";
import { GraphTab } from "./GraphTab";
import { PipelineActions } from "./PipelineActions";
import { PipelineBeside, PipelineFacts } from "./PipelineHeader";
import { PipelineRuns } from "./PipelineRuns";
import { PipelineTriggers } from "./PipelineTriggers";

const GridTab = lazy(() => import("../grid/GridTab"));
const DurationsTab = lazy(() => import("../durations/DurationsTab"));
const DefinitionTab = lazy(() => import("../editor/DefinitionTab"));
const RevisionsTab = lazy(() => import("../revisions/RevisionsTab"));
const StartDialog = lazy(() => import("../start/StartDialog"));

interface Props {
  name: string;
  search: PipelineSearch;
}

export function PipelineView({ name, search }: Props) {
  const pipeline = useSuspenseQuery(queries.pipeline(name)).data;
  const triggers = useQuery(queries.triggers()).data?.triggers;
  const mine = triggers?.filter((trigger) => trigger.pipeline === name);
  const tab = search.tab ?? "graph";
  return (
    <Page
      fixed
      title={name}
      beside={<PipelineBeside pipeline={pipeline} />}
      facts={<PipelineFacts pipeline={pipeline} />}
      actions={<PipelineActions pipeline={pipeline} hasTriggers={(mine?.length ?? 0) > 0} />}
    >
      <Tabs tabs={tabsOf(pipeline, mine?.length)} active={tab} label="Parts of the pipeline" />
      <div className="flex min-h-0 flex-1 flex-col pt-3">
        <Suspense fallback={<Loading />}>
          <Part tab={tab} pipeline={pipeline} triggers={mine} search={search} />
        </Suspense>
      </div>
      <Suspense>{search.start && <StartDialog key={name} pipeline={pipeline} />}</Suspense>
    </Page>
  );
}

function tabsOf(pipeline: Api<"DeployedPipeline">, triggers: number | undefined): Tab[] {
  const problems = pipeline.problems?.length ?? 0;
  return [
    { id: "graph", label: "Graph" },
    { id: "grid", label: "Grid" },
    { id: "durations", label: "Durations" },
    { id: "runs", label: "Runs" },
    { id: "triggers", label: "Triggers", ...(triggers ? { count: triggers } : {}) },
    { id: "definition", label: "Definition", ...(problems > 0 ? { count: problems } : {}) },
    { id: "revisions", label: "Revisions", ...(pipeline.revision > 1 ? { count: pipeline.revision } : {}) },
  ];
}

interface PartProps {
  tab: PipelineTab;
  pipeline: Api<"DeployedPipeline">;
  triggers: Api<"TriggerView">[] | undefined;
  search: PipelineSearch;
}

function Part({ tab, pipeline, triggers, search }: PartProps) {
  switch (tab) {
    case "graph":
      return <GraphTab pipeline={pipeline} search={search} />;
    case "grid":
      return <GridTab name={pipeline.name} size={search.last ?? 25} />;
    case "durations":
      return <DurationsTab name={pipeline.name} />;
    case "runs":
      return <PipelineRuns name={pipeline.name} />;
    case "triggers":
      return <PipelineTriggers triggers={triggers} open={search.trigger} />;
    case "definition":
      return <DefinitionTab pipeline={pipeline} />;
    case "revisions":
      return <RevisionsTab pipeline={pipeline} search={search} />;
  }
}
