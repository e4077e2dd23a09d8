import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Failure, Loading } from "@/components/feedback";
import { Code } from "@/components/layout";
import { Time } from "@/components/Time";

/** What became of the events of a trigger: a run, or why there is none. */
export function TriggerEvents({ pipeline, trigger }: { pipeline: string; trigger: string }) {
  const { data, error, refetch } = useQuery(queries.triggerEvents(pipeline, trigger));
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={3} />;
  const rejected = data.rejected ?? [];
  if (data.events.length === 0 && rejected.length === 0) {
    return <p className="text-muted">Nothing has happened to it yet.</p>;
  }
  return (
    <>
      {rejected.length > 0 && <RejectedDeliveries trigger={trigger} rejected={rejected} />}
      {data.events.length > 0 && <Events trigger={trigger} page={data} />}
    </>
  );
}

/** Deliveries that were turned away before they were events. */
function RejectedDeliveries({ trigger, rejected }: { trigger: string; rejected: Api<"RejectedView">[] }) {
  return (
    <section className="mb-3" aria-label={`Rejected deliveries of ${trigger}`}>
      <p className="text-cancelled">The latest rejected deliveries</p>
      <ul className="max-h-40 overflow-auto">
        {rejected.map(({ at, reason }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: several may have come at the same time
          <li key={index} className="break-words">
            <Time at={at} /> <span className="text-muted">{reason.slice(0, 500)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Events({ trigger, page: data }: { trigger: string; page: Api<"TriggerEventPage"> }) {
  return (
    <section
      className="max-h-80 overflow-auto"
      aria-label={`Events of ${trigger}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too
      tabIndex={0}
    >
      <table className="w-full text-left">
        <thead className="sticky top-0 bg-surface">
          <tr className="text-xs text-muted [&>th]:h-7 [&>th]:pr-4 [&>th]:font-medium [&>th]:whitespace-nowrap">
            <th scope="col">When</th>
            <th scope="col">What became of it</th>
          </tr>
        </thead>
        <tbody>
          {data.events.map((event) => (
            <tr key={event.key} className="align-top [&>td]:py-0.5 [&>td]:pr-4">
              <td title={event.scheduled_for ? `due at ${event.scheduled_for}` : undefined}>
                <Time at={event.at} />
              </td>
              <td className="w-full min-w-0">
                <Outcome event={event} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.next && <p className="py-1 text-xs text-muted">These are the latest {data.events.length}.</p>}
    </section>
  );
}

function Outcome({ event }: { event: Api<"TriggerEventView"> }) {
  if (event.run) {
    return (
      <Link
        to="/runs/$run"
        params={{ run: event.run }}
        className="text-accent hover:underline"
        title={event.key.slice(0, 200)}
      >
        Run <Code>{event.run.slice(-8)}</Code>
      </Link>
    );
  }
  return <span className="line-clamp-3 break-words">No run: {event.reason ?? "it was removed"}</span>;
}
