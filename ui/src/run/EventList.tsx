import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { Braces } from "lucide-react";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button, IconButton } from "@/components/Button";
import { Empty, Failure, Loading } from "@/components/feedback";
import { SearchField } from "@/components/SearchField";
import { StateIcon } from "@/components/StateBadge";
import { absolute } from "@/lib/time";
import { count } from "@/lib/units";
import { usePreferences } from "@/shell/preferences";
import { EventDialog } from "./EventDialog";
import { filterEvents, type RunEvent, sinceStart, stepOf, tell } from "./events";
import { useOpenStep, useRunPlace } from "./useRunPlace";

const ROW = 32;
/** Rows that are asked for ahead of those that are seen. */
const AHEAD = 200;
const COLUMNS =
  "grid-cols-[3.5rem_6.5rem_minmax(8rem,14rem)_minmax(9rem,15rem)_minmax(12rem,1fr)_1.75rem] min-w-[48rem]";

/** The journal of a run: all that it is and was follows from it. */
export default function EventList({ detail, text }: { detail: Api<"RunDetail">; text: string | undefined }) {
  const change = useRunPlace();
  const open = useOpenStep();
  const { id, created_at } = detail.run;
  const total = detail.events ?? 0;
  const { data, error, refetch, fetchNextPage, isFetching } = useInfiniteQuery(queries.runEvents(id));
  const known = useMemo(() => data?.pages.flatMap((page) => page.events) ?? [], [data]);
  const events = useMemo(() => filterEvents(known, text), [known, text]);
  const [looked, setLooked] = useState<RunEvent>();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const more = known.length < total;
  const near = last >= events.length - AHEAD;
  useEffect(() => {
    if (data && more && near && !isFetching && !error) void fetchNextPage();
  }, [data, more, near, isFetching, error, fetchNextPage]);

  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={8} />;
  return (
    <>
      <search className="flex flex-wrap items-center gap-2 pb-3" aria-label="Filter events">
        <SearchField
          label="Search events"
          placeholder="Step or words"
          text={text}
          onChange={(text) => change({ text })}
        />
        <span className="text-muted" role="status">
          {text ? `${count(events.length)} of ` : ""}
          {more ? `${count(known.length)} of ${count(total)} events read` : `${count(known.length)} events`}
        </span>
        {error && <Button onClick={() => void fetchNextPage()}>Read on</Button>}
      </search>
      <div className="min-h-0 flex-1 overflow-auto rounded-lg border bg-surface" ref={box}>
        <div role="table" aria-label="Events" aria-rowcount={events.length + 1} className="min-w-fit">
          <div
            role="row"
            className={clsx(
              "sticky top-0 z-10 grid h-8 items-center gap-3 border-b bg-surface px-4 text-xs font-medium text-muted",
              COLUMNS,
            )}
          >
            {["No.", "Time", "Step", "Event", "Detail"].map((name) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
            <span role="columnheader" className="sr-only">
              JSON
            </span>
          </div>
          <div className="relative" style={{ height: rows.getTotalSize() }} role="rowgroup">
            {items.map(({ index, start, key }) => {
              const event = events[index];
              return (
                event && (
                  <Row
                    key={key}
                    event={event}
                    index={index}
                    start={start}
                    began={created_at}
                    onOpen={open}
                    onLook={setLooked}
                  />
                )
              );
            })}
          </div>
        </div>
        {events.length === 0 && <Empty title={text ? "No event says that" : "Nothing has happened yet"} />}
      </div>
      {looked && <EventDialog event={looked} onClose={() => setLooked(undefined)} />}
    </>
  );
}

interface RowProps {
  event: RunEvent;
  index: number;
  start: number;
  /** When the run was accepted. */
  began: string;
  onOpen: (step: string) => void;
  onLook: (event: RunEvent) => void;
}

const Row = memo(({ event, index, start, began, onOpen, onLook }: RowProps) => {
  const { says, detail, state } = tell(event);
  const { zone } = usePreferences();
  const step = stepOf(event);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={clsx("absolute inset-x-0 grid items-center gap-3 border-b px-4 hover:bg-hover", COLUMNS)}
      style={{ height: ROW, transform: `translateY(${start}px)` }}
    >
      <span role="cell" className="tabular text-xs text-faint">
        {event.seq}
      </span>
      <span role="cell" className="tabular truncate text-xs text-muted" title={absolute(event.at, zone)}>
        {sinceStart(event.at, began)}
      </span>
      <span role="cell" className="flex min-w-0">
        {step ? (
          <button
            type="button"
            className="min-w-0 truncate text-left font-medium hover:underline"
            onClick={() => onOpen(step)}
          >
            {step}
          </button>
        ) : (
          <span className="text-faint">run</span>
        )}
      </span>
      <span role="cell" className="flex min-w-0 items-center gap-1.5">
        {state ? (
          <StateIcon state={state === "running" ? "waiting" : state} size={13} />
        ) : (
          <span className="w-[13px]" />
        )}
        <span className="truncate">{says}</span>
      </span>
      <span role="cell" className="truncate text-muted" title={detail?.slice(0, 1_000)}>
        {detail?.slice(0, 300)}
      </span>
      <span role="cell">
        <IconButton
          label={`JSON of event ${event.seq}`}
          icon={Braces}
          size={13}
          className="size-7!"
          onClick={() => onLook(event)}
        />
      </span>
    </div>
  );
});
