import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import { Button, buttonClass } from "@/components/Button";
import { Empty, Loading } from "@/components/feedback";
import { Page, Panel } from "@/components/layout";
import { plural } from "@/lib/units";
import { NoPipelines } from "@/pipeline/list/NoPipelines";
import { PipelineFilters } from "@/pipeline/list/PipelineFilters";
import { PipelineTable } from "@/pipeline/list/PipelineTable";
import { type ListSearch, orderBy, readListSearch } from "@/pipeline/list/search";
import { countRows, filterRows, pipelineRows, sortRows } from "@/pipeline/rows";
import { useMay } from "@/shell/session";

export const Route = createFileRoute("/pipelines/")({
  validateSearch: readListSearch,
  loader: ({ context }) => context.queries.ensureQueryData(queries.pipelines()),
  component: Pipelines,
});

/** All pipelines: how they do, and what comes next. */
function Pipelines() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const mayPublish = useMay("publisher");
  const { pipelines } = useSuspenseQuery(queries.pipelines()).data;
  const history = useQuery(queries.history()).data?.pipelines;
  const triggers = useQuery(queries.triggers()).data?.triggers;
  const rows = useMemo(
    () => pipelineRows(pipelines, history ?? [], triggers ?? []),
    [pipelines, history, triggers],
  );
  const shown = useMemo(
    () => sortRows(filterRows(rows, search), search.order ?? "name", search.descending ?? false),
    [rows, search],
  );
  const counts = useMemo(() => countRows(rows), [rows]);
  const change = (search: ListSearch) => navigate({ search, replace: true });
  return (
    <Page
      title="Pipelines"
      fixed
      facts={pipelines.length > 0 && `${plural(pipelines.length, "pipeline")} deployed`}
      actions={
        mayPublish && (
          <Link to="/pipelines/new" className={buttonClass()}>
            <Plus size={15} aria-hidden />
            New pipeline
          </Link>
        )
      }
    >
      {!history ? (
        <Loading lines={10} />
      ) : rows.length === 0 ? (
        <NoPipelines />
      ) : (
        <>
          <PipelineFilters search={search} counts={counts} onChange={change} />
          {shown.length === 0 ? (
            <Panel>
              <Empty
                title="No pipeline is like that"
                action={<Button onClick={() => change({})}>Show all {rows.length}</Button>}
              />
            </Panel>
          ) : (
            <PipelineTable
              rows={shown}
              order={search.order ?? "name"}
              descending={search.descending ?? false}
              onOrder={(order) => change(orderBy(search, order))}
            />
          )}
        </>
      )}
    </Page>
  );
}
