/** A step of a run: why it stands where it does, and all that it took, did and made. */

import { Link } from "@tanstack/react-router";
import { Maximize2, Minimize2, X } from "lucide-react";
import { type KeyboardEvent, useCallback, useMemo } from "react";
import type { Api } from "@/api/client";
import { IconButton } from "@/components/Button";
import { Code } from "@/components/layout";
import { StateBadge } from "@/components/StateBadge";
import { type Tab, Tabs } from "@/components/Tabs";
import { hasEnded } from "@/lib/states";
import { LogView } from "@/logs/LogView";
import { usedStep } from "@/pipeline/signatures";
import type { RunSearch, StepPart } from "../search";
import type { Progress } from "../status";
import type { Step } from "../steps";
import { useOpenStep, useRunPlace } from "../useRunPlace";
import { About } from "./About";
import { AttemptChoice } from "./AttemptChoice";
import { Frame } from "./Frame";
import { InputsPart } from "./InputsPart";
import { ItemChoice } from "./ItemChoice";
import { ItemsPart } from "./ItemsPart";
import { OutputPart } from "./OutputPart";
import { usePanelWidth } from "./usePanelWidth";

export interface StepProps {
  detail: Api<"RunDetail">;
  graph: Api<"GraphView">;
  step: Step;
  progress: Progress | undefined;
  search: RunSearch;
}

export function StepPanel(props: StepProps) {
  const { step, graph, search } = props;
  const open = useOpenStep();
  const width = usePanelWidth();
  const close = useCallback(() => open(undefined), [open]);
  const node = useMemo(() => graph.nodes.find(({ name }) => name === step.name), [graph, step.name]);
  const { module, step: used } = usedStep(step.uses);
  const tabs = tabsOf(step, node);
  const part = tabs.find(({ id }) => id === search.part) ? (search.part ?? "about") : "about";
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.stopPropagation();
    close();
  };
  return (
    <Frame label={`Step ${step.name}`} width={width} onClose={close} onKeyDown={onKeyDown}>
      <header className="flex items-start gap-2 pt-2 pr-1.5 pl-4">
        <div className="min-w-0 flex-1">
          <div className="flex min-w-0 items-center gap-2">
            <h2 className="min-w-0 truncate text-base font-semibold" title={step.name}>
              {step.name}
            </h2>
            <StateBadge state={step.state} />
          </div>
          <p className="truncate text-xs text-muted">
            <Link to="/modules/$module" params={{ module }} className="hover:text-text hover:underline">
              <Code>{module}</Code>
            </Link>
            <Code>/{used}</Code>
          </p>
        </div>
        {!width.narrow && (
          <IconButton
            label={width.wide ? "Make it narrower" : "Make it wider"}
            icon={width.wide ? Minimize2 : Maximize2}
            size={15}
            onClick={width.toggle}
          />
        )}
        <IconButton label="Close the step" icon={X} onClick={close} />
      </header>
      <Tabs tabs={tabs} active={part} param="part" label="Parts of the step" className="shrink-0 px-2" />
      <Part {...props} node={node} part={part} />
    </Frame>
  );
}

function tabsOf(step: Step, node: Api<"NodeView"> | undefined): Tab[] {
  const inputs = node?.inputs?.length ?? 0;
  return [
    { id: "about", label: "About" },
    { id: "inputs", label: "Inputs", ...(inputs > 0 ? { count: inputs } : {}) },
    ...(step.items ? [{ id: "items", label: "Items", count: step.items.total }] : []),
    { id: "output", label: "Output" },
    { id: "logs", label: "Logs" },
  ];
}

interface PartProps extends StepProps {
  node: Api<"NodeView"> | undefined;
  part: StepPart;
}

function Part({ part, node, ...props }: PartProps) {
  const { detail, step, search } = props;
  const change = useRunPlace();
  const items = step.items && part !== "about" && (
    <ItemChoice
      total={step.items.total}
      item={search.item}
      onItem={(item) => change({ item, attempt: undefined, path: undefined, line: undefined })}
    />
  );
  switch (part) {
    case "about":
      return <About {...props} node={node} />;
    case "inputs":
      return (
        <>
          {items}
          <InputsPart {...props} node={node} />
        </>
      );
    case "items":
      return (
        <>
          {items}
          <ItemsPart step={step} item={search.item} />
        </>
      );
    case "output":
      return (
        <>
          {items}
          <OutputPart {...props} node={node} />
        </>
      );
    case "logs":
      return (
        <>
          {items}
          <AttemptChoice step={step} item={search.item} attempt={search.attempt} />
          <LogView
            run={detail.run.id}
            step={step.name}
            item={step.items ? search.item : undefined}
            attempt={search.attempt}
            live={!hasEnded(detail.run.state) && !hasEnded(step.state)}
            choice={search}
            onChoice={change}
          />
        </>
      );
  }
}
