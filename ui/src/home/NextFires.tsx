import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Panel } from "@/components/layout";
import { Time, useNow } from "@/components/Time";
import { nextFires } from "./summary";

const SHOWN = 8;

export function NextFires() {
  const { data, error, refetch } = useQuery(queries.triggers());
  const now = useNow();
  const fires = data ? nextFires(data.triggers, now, SHOWN) : [];
  return (
    <Panel
      title="Next triggers"
      actions={
        <Link to="/triggers" className="text-xs text-accent hover:underline">
          All triggers
        </Link>
      }
    >
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={4} />
      ) : fires.length === 0 ? (
        <Empty title="No schedule waits">Files, webhooks and ends of runs can start runs at any time.</Empty>
      ) : (
        <ul className="py-1">
          {fires.map(({ pipeline, trigger, at }) => (
            <li key={`${pipeline}/${trigger}/${at}`} className="flex h-8 items-center gap-3 px-4">
              <Link
                to="/pipelines/$pipeline"
                params={{ pipeline }}
                search={{ tab: "triggers" }}
                className="min-w-0 flex-1 truncate hover:underline"
              >
                <span className="font-medium">{pipeline}</span>
                <span className="text-muted"> · {trigger}</span>
              </Link>
              <span className="text-muted">
                <Time at={at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
