import { useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { Timer } from "lucide-react";
import { queries } from "@/api/queries";
import { Button, buttonClass } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Page, Panel } from "@/components/layout";
import { textIn } from "@/lib/address";
import { plural } from "@/lib/units";
import { TriggerFilters } from "@/trigger/TriggerFilters";
import { TriggerTable } from "@/trigger/TriggerTable";
import { matches, type TriggerFilter } from "@/trigger/words";

interface Search extends TriggerFilter {
  /** `pipeline/trigger`, whose details are open. */
  open?: string;
}

export const Route = createFileRoute("/triggers")({
  validateSearch: (search: Record<string, unknown>): Search => ({
    kind: textIn(search.kind),
    pipeline: textIn(search.pipeline),
    text: textIn(search.text),
    open: textIn(search.open),
  }),
  loader: ({ context }) => context.queries.ensureQueryData(queries.triggers()),
  component: Triggers,
});

function Triggers() {
  const { open, ...filter } = Route.useSearch();
  const navigate = Route.useNavigate();
  const { triggers } = useSuspenseQuery(queries.triggers()).data;
  const shown = triggers.filter((trigger) => matches(trigger, filter));
  const unique = (of: "kind" | "pipeline") => [...new Set(triggers.map((trigger) => trigger[of]))].sort();
  const change = (change: Search) =>
    navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });

  if (triggers.length === 0) {
    return (
      <Page title="Triggers">
        <Panel>
          <Empty
            icon={Timer}
            title="No pipeline has a trigger"
            action={
              <Link to="/pipelines" className={buttonClass()}>
                Pipelines
              </Link>
            }
          >
            A trigger starts runs by itself: on a schedule, when a file or a webhook arrives, when another
            pipeline has ended. Add <code className="font-mono">[triggers.NAME]</code> to a pipeline, and
            deploy it.
          </Empty>
        </Panel>
      </Page>
    );
  }
  return (
    <Page title="Triggers" facts={`${plural(triggers.length, "trigger")} of all pipelines`}>
      <TriggerFilters
        filter={filter}
        onChange={change}
        kinds={unique("kind")}
        pipelines={unique("pipeline")}
      />
      <Panel>
        {shown.length === 0 ? (
          <Empty
            title="No trigger is like that"
            action={
              <Button onClick={() => change({ kind: undefined, pipeline: undefined, text: undefined })}>
                Show all {triggers.length}
              </Button>
            }
          />
        ) : (
          <TriggerTable triggers={shown} open={open} onOpen={(id) => change({ open: id })} />
        )}
      </Panel>
    </Page>
  );
}
