import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Panel } from "@/components/layout";
import { RunBadge } from "@/components/StateBadge";
import { StepsBar } from "@/components/StepsBar";
import { Table, Td, Th, Tr } from "@/components/Table";
import { Duration } from "@/components/Time";
import { plural } from "@/lib/units";

const SHOWN = 8;
/** Steps of a run that goes on are not announced to lists. */
const REFRESH_MS = 2_000;

export function ActiveRuns() {
  const running = useQuery({
    ...queries.latestRuns({ state: "running" }, SHOWN),
    refetchInterval: ({ state }) => (state.data?.runs.length ? REFRESH_MS : false),
  });
  const queued = useQuery(queries.latestRuns({ state: "queued" }, SHOWN));
  const runs = [...(running.data?.runs ?? []), ...(queued.data?.runs ?? [])].slice(0, SHOWN);
  const error = running.error ?? queued.error;
  const active = useQuery(queries.system()).data?.active_runs ?? runs.length;
  return (
    <Panel title="Running now" actions={active > SHOWN && <MoreActive count={active - SHOWN} />}>
      {error && !running.data ? (
        <Failure error={error} />
      ) : running.data === undefined ? (
        <Loading lines={3} />
      ) : runs.length === 0 ? (
        <Empty title="Nothing runs at the moment" />
      ) : (
        <Table>
          <thead>
            <tr>
              <Th>State</Th>
              <Th>Pipeline</Th>
              <Th>Steps</Th>
              <Th className="text-right">For</Th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Tr key={run.id} className="relative">
                <Td>
                  <RunBadge run={run} />
                </Td>
                <Td className="max-w-60 truncate font-medium">
                  <Link to="/runs/$run" params={{ run: run.id }} className="after:absolute after:inset-0">
                    {run.pipeline}
                  </Link>
                </Td>
                <Td>
                  <StepsBar steps={run.steps} />
                </Td>
                <Td className="text-right">
                  <Duration from={run.created_at} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function MoreActive({ count }: { count: number }) {
  return (
    <Link to="/runs" search={{ state: "running" }} className="text-xs text-accent hover:underline">
      {plural(count, "more", "more")}
    </Link>
  );
}
