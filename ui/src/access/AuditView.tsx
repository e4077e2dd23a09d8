import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ScrollText } from "lucide-react";
import type { Api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Empty, Failure, Loading } from "@/components/feedback";
import { Input } from "@/components/form";
import { Code, Page, Panel } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { Time } from "@/components/Time";
import { deed, details } from "./audit";

interface Props {
  subject: string | undefined;
  onSubject: (subject: string | undefined) => void;
}

/** Who changed what, the newest first. */
export function AuditView({ subject, onSubject }: Props) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    queries.audit(subject),
  );
  const changes = data?.pages.flatMap((page) => page.changes);
  return (
    <Page title="Audit" facts="Everything that somebody changed on this host">
      <search className="flex flex-wrap items-center gap-2 pb-3" aria-label="Filter the audit">
        <form
          className="flex w-80 max-w-full gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = new FormData(event.currentTarget).get("subject");
            onSubject(typeof wanted === "string" && wanted.trim() !== "" ? wanted.trim() : undefined);
          }}
        >
          <Input
            // What the address says is what the field says, also behind going back.
            key={subject}
            name="subject"
            type="search"
            aria-label="What was changed"
            placeholder="Whole name or id"
            defaultValue={subject}
          />
          <Button type="submit">Find</Button>
        </form>
        {subject && <Button onClick={() => onSubject(undefined)}>Show all</Button>}
      </search>
      <Panel>
        {error && !changes ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : !changes ? (
          <Loading lines={8} />
        ) : changes.length === 0 ? (
          <Empty
            icon={ScrollText}
            title={subject ? `Nobody changed ${subject}` : "Nothing was changed yet"}
          />
        ) : (
          <Table>
            <thead>
              <tr>
                <Th>When</Th>
                <Th>Who</Th>
                <Th>What</Th>
                <Th>Details</Th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <Tr key={change.key}>
                  <Td className="w-32">
                    <Time at={change.at} />
                  </Td>
                  <Td className="max-w-48 truncate">{change.actor}</Td>
                  <Td className="whitespace-nowrap">
                    {deed(change.action)} <Subject change={change} />
                  </Td>
                  <Td className="max-w-md truncate text-muted" title={details(change.detail).slice(0, 1_000)}>
                    {details(change.detail).slice(0, 300)}
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
        )}
        {hasNextPage && (
          <div className="flex justify-center border-t p-2">
            <Button look="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show earlier changes
            </Button>
          </div>
        )}
      </Panel>
    </Page>
  );
}

/** What was changed, as a link where it has a view. */
function Subject({ change: { action, subject } }: { change: Api<"AuditView"> }) {
  const look = "inline-block max-w-80 truncate align-bottom text-accent hover:underline";
  const name = <Code>{subject}</Code>;
  switch (action.split(".")[0]) {
    case "run":
      return (
        <Link to="/runs/$run" params={{ run: subject }} className={look}>
          {name}
        </Link>
      );
    case "pipeline":
      return (
        <Link to="/pipelines/$pipeline" params={{ pipeline: subject }} className={look}>
          {name}
        </Link>
      );
    case "module":
      return (
        <Link to="/modules/$module" params={{ module: subject }} className={look}>
          {name}
        </Link>
      );
    default:
      return name;
  }
}
