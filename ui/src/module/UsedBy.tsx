import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Empty } from "@/components/feedback";
import { Code, Panel, Tag } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { usesOf } from "./uses";

/** So many steps of one pipeline are named. */
const LISTED = 12;

/** The pipelines that use a module: with which steps, and what they grant them. */
export function UsedBy({ module, pipelines }: { module: string; pipelines: string[] }) {
  const graphs = useQueries({ queries: pipelines.map((pipeline) => queries.pipelineGraph(pipeline)) });
  if (pipelines.length === 0) {
    return (
      <Panel>
        <Empty title="No pipeline uses it">
          A step of a pipeline names it: <Code>use = "{module}/STEP"</Code>.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel>
      <Table>
        <thead>
          <tr>
            <Th>Pipeline</Th>
            <Th>With its steps</Th>
            <Th>Which it grants</Th>
          </tr>
        </thead>
        <tbody>
          {pipelines.map((pipeline, index) => {
            const graph = graphs[index]?.data;
            const uses = graph ? usesOf(module, graph) : [];
            const grants = [...new Set(uses.flatMap(({ grants }) => grants))].sort();
            return (
              <Tr key={pipeline}>
                <Td className="max-w-64 truncate font-medium">
                  <Link to="/pipelines/$pipeline" params={{ pipeline }} className="hover:underline">
                    {pipeline}
                  </Link>
                </Td>
                <Td className="text-muted">
                  {uses
                    .slice(0, LISTED)
                    .map(({ step }) => step)
                    .join(", ")}
                  {uses.length > LISTED && ` and ${uses.length - LISTED} more`}
                </Td>
                <Td>
                  <span className="flex flex-wrap gap-1 py-1">
                    {grants.map((grant) => (
                      <Tag key={grant}>{grant.slice(0, 80)}</Tag>
                    ))}
                    {graph && grants.length === 0 && (
                      <span className="text-muted">nothing: they are pure</span>
                    )}
                  </span>
                </Td>
              </Tr>
            );
          })}
        </tbody>
      </Table>
    </Panel>
  );
}
