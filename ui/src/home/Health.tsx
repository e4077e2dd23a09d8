import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure, Loading } from "@/components/feedback";
import { Fact, Panel } from "@/components/layout";
import { Time } from "@/components/Time";
import { bytes, count, percent } from "@/lib/units";
import { broken } from "./summary";

/** How the host is: what would keep runs from starting stands first. */
export function Health({ pipelines }: { pipelines: Api<"DeployedPipeline">[] }) {
  const { data: system, error, refetch } = useQuery(queries.system());
  const modules = useQuery(queries.modules()).data?.modules ?? [];
  const waiting = modules.filter((module) => module.waiting > 0);
  const unfit = broken(pipelines);
  return (
    <Panel title="Health">
      {error && !system ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !system ? (
        <Loading lines={4} />
      ) : (
        <>
          {(system.refuses_runs || unfit.length > 0 || waiting.length > 0) && (
            <ul className="border-b py-1">
              {system.refuses_runs && <Trouble>The disk is too full: new runs are refused.</Trouble>}
              {unfit.map(({ name }) => (
                <Trouble key={name}>
                  <Link
                    to="/pipelines/$pipeline"
                    params={{ pipeline: name }}
                    search={{ tab: "definition" }}
                    className="font-medium hover:underline"
                  >
                    {name}
                  </Link>{" "}
                  cannot run: it does not fit its modules.
                </Trouble>
              ))}
              {waiting.map(({ name }) => (
                <Trouble key={name}>
                  A version of{" "}
                  <Link
                    to="/modules/$module"
                    params={{ module: name }}
                    className="font-medium hover:underline"
                  >
                    {name}
                  </Link>{" "}
                  waits for approval.
                </Trouble>
              ))}
            </ul>
          )}
          <dl className="px-4 py-2">
            <Fact name="Active runs">
              <span className="tabular">
                {count(system.active_runs)} of at most {count(system.settings.max_active_runs)}
              </span>
            </Fact>
            {system.disk && <Disk disk={system.disk} />}
            <Fact name="History">{bytes(system.database_bytes)}</Fact>
            <Fact name="Running since">
              <Time at={system.started_at} />
            </Fact>
            <Fact name="Version">{system.version}</Fact>
          </dl>
        </>
      )}
    </Panel>
  );
}

function Trouble({ children }: { children: ReactNode }) {
  return (
    <li className="flex items-start gap-2 px-4 py-1">
      <TriangleAlert size={15} className="mt-0.5 shrink-0 text-cancelled" aria-label="Attention" />
      <span className="min-w-0 break-words">{children}</span>
    </li>
  );
}

function Disk({ disk: { free_bytes, total_bytes } }: { disk: Api<"DiskView"> }) {
  const used = total_bytes - free_bytes;
  return (
    <Fact name="Disk">
      <span className="tabular">
        {bytes(free_bytes)} free, {percent(used, total_bytes)} used
      </span>
      <span className="mt-1 flex h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden>
        <span className="bg-muted" style={{ width: `${(used / total_bytes) * 100}%` }} />
      </span>
    </Fact>
  );
}
