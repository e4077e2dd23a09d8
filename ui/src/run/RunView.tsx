/** One run: followed, understood, repaired. */

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Loading } from "@/components/feedback";
import { Page } from "@/components/layout";
import { type Tab, Tabs } from "@/components/Tabs";
import { hasEnded } from "@/lib/states";
import { LogView } from "@/logs/LogView";
import { FirstFailure } from "./FirstFailure";
import { GraphTab } from "./GraphTab";
import { StepPanel } from "./panel/StepPanel";
import { RunActions } from "./RunActions";
import { RunFacts, RunState } from "./RunHeader";
import type { RunSearch } from "./search";
import type { Progress } from "./status";
import { useLiveRun } from "./useLiveRun";
import { useRunKeys } from "./useRunKeys";
import { useRunPlace } from "./useRunPlace";

const Timeline = lazy(() => import("./timeline/Timeline"));
const StepTable = lazy(() => import("./StepTable"));
const EventList = lazy(() => import("./EventList"));
const ParamList = lazy(() => import("./ParamList"));

interface Props {
  run: string;
  search: RunSearch;
}

export function RunView({ run, search }: Props) {
  const detail = useSuspenseQuery(queries.run(run)).data;
  const graph = useSuspenseQuery(queries.runGraph(run)).data;
  const progress = useLiveRun(detail);
  const step = useMemo(
    () => detail.steps.find(({ name }) => name === search.step),
    [detail.steps, search.step],
  );
  useRunKeys(step?.name);
  const { pipeline } = detail.run;
  return (
    <Page
      fixed
      title={<PipelineLink name={pipeline} />}
      beside={<RunState detail={detail} />}
      facts={<RunFacts detail={detail} />}
      actions={<RunActions detail={detail} selected={step?.name} />}
    >
      <FirstFailure detail={detail} />
      <Tabs tabs={tabsOf(detail)} active={search.tab ?? "graph"} label="Parts of the run" />
      <div className="relative flex min-h-0 flex-1 gap-3 pt-3">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <Suspense fallback={<Loading />}>
            <Part detail={detail} graph={graph} search={search} progress={progress} />
          </Suspense>
        </div>
        {step && (
          <StepPanel
            detail={detail}
            graph={graph}
            step={step}
            progress={progress.get(step.name)}
            search={search}
          />
        )}
      </div>
    </Page>
  );
}

/** What the run is of; a pipeline that was removed has no page any more. */
function PipelineLink({ name }: { name: string }) {
  const deployed = useQuery(queries.pipelines()).data?.pipelines;
  if (deployed && !deployed.some((pipeline) => pipeline.name === name)) {
    return <span title={`${name} was removed`}>{name}</span>;
  }
  return (
    <Link to="/pipelines/$pipeline" params={{ pipeline: name }} className="hover:underline" title={name}>
      {name}
    </Link>
  );
}

function tabsOf({ steps, params, events }: Api<"RunDetail">): Tab[] {
  return [
    { id: "graph", label: "Graph" },
    { id: "timeline", label: "Timeline" },
    { id: "steps", label: "Steps", count: steps.length },
    { id: "logs", label: "Logs" },
    { id: "events", label: "Events", count: events },
    { id: "params", label: "Parameters", ...(params.length > 0 ? { count: params.length } : {}) },
  ];
}

interface PartProps {
  detail: Api<"RunDetail">;
  graph: Api<"GraphView">;
  search: RunSearch;
  progress: ReadonlyMap<string, Progress>;
}

function Part({ detail, graph, search, progress }: PartProps) {
  const change = useRunPlace();
  switch (search.tab ?? "graph") {
    case "graph":
      return <GraphTab detail={detail} graph={graph} selected={search.step} progress={progress} />;
    case "timeline":
      return <Timeline detail={detail} graph={graph} selected={search.step} order={search.order} />;
    case "steps":
      return <StepTable detail={detail} search={search} progress={progress} />;
    case "logs":
      return (
        <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-lg border">
          <LogView
            run={detail.run.id}
            live={!hasEnded(detail.run.state)}
            // The lines of an open step have a place in the address, too: there, they stand in its panel.
            choice={search}
            onChoice={change}
          />
        </div>
      );
    case "events":
      return <EventList detail={detail} text={search.text} />;
    case "params":
      return <ParamList detail={detail} search={search} />;
  }
}
