import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { Fragment } from "react";
import type { Api } from "@/api/client";
import { Code } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { useNow } from "@/components/Time";
import { absolute, relative } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";
import { KindIcon } from "./KindIcon";
import { PauseSwitch } from "./PauseSwitch";
import { TriggerDetails } from "./TriggerDetails";
import { triggerId, waitsFor } from "./words";

interface Props {
  triggers: Api<"TriggerView">[];
  /** The one whose details are shown. */
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
}

export function TriggerTable({ triggers, open, onOpen }: Props) {
  return (
    <Table aria-label="Triggers">
      <thead>
        <tr>
          <Th>Trigger</Th>
          <Th>Pipeline</Th>
          <Th>Waits for</Th>
          <Th>Next</Th>
          <Th>Overlap</Th>
          <Th className="text-right">Missed</Th>
          <Th>Starts runs</Th>
        </tr>
      </thead>
      <tbody>
        {triggers.map((trigger) => {
          const id = triggerId(trigger);
          const isOpen = id === open;
          return (
            <Fragment key={id}>
              <Tr>
                <Td>
                  <button
                    type="button"
                    aria-expanded={isOpen}
                    onClick={() => onOpen(isOpen ? undefined : id)}
                    className="-ml-1 flex h-7 max-w-72 items-center gap-2 rounded px-1 font-medium hover:text-accent"
                  >
                    <ChevronRight
                      size={14}
                      className={isOpen ? "shrink-0 rotate-90 text-muted" : "shrink-0 text-muted"}
                      aria-hidden
                    />
                    <KindIcon kind={trigger.kind} />
                    <span className="truncate">{trigger.name}</span>
                    <span className="text-xs font-normal text-muted">{trigger.kind.slice(0, 24)}</span>
                  </button>
                </Td>
                <Td>
                  <Link
                    to="/pipelines/$pipeline"
                    params={{ pipeline: trigger.pipeline }}
                    className="hover:text-accent hover:underline"
                  >
                    {trigger.pipeline}
                  </Link>
                </Td>
                <Td>
                  <Code className="line-clamp-1 max-w-96">{waitsFor(trigger)}</Code>
                </Td>
                <Td>
                  <Next at={trigger.next?.[0]} />
                </Td>
                <Td className="text-muted">{trigger.overlap.slice(0, 24)}</Td>
                <Td className={trigger.missed > 0 ? "text-right text-cancelled" : "text-right text-faint"}>
                  {trigger.missed}
                </Td>
                <Td>
                  <PauseSwitch trigger={trigger} />
                </Td>
              </Tr>
              {isOpen && (
                <tr>
                  <td colSpan={7} className="border-b bg-surface p-4 whitespace-normal">
                    <TriggerDetails trigger={trigger} />
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </Table>
  );
}

/** How soon, and exactly when: of a schedule both matter. */
function Next({ at }: { at: string | undefined }) {
  const { zone } = usePreferences();
  const now = useNow();
  if (at === undefined) return <span className="text-faint">–</span>;
  return (
    <time dateTime={at} className="whitespace-nowrap">
      {relative(at, now)}
      <span className="ml-2 text-xs text-muted">
        {absolute(at, zone)}
        {zone === "utc" && " UTC"}
      </span>
    </time>
  );
}
