import { Link } from "@tanstack/react-router";
import { ShieldQuestion } from "lucide-react";
import type { Api } from "@/api/client";
import { Code, Tag } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { plural } from "@/lib/units";
import { shortDigest } from "./versions";

/** So many names stand in a cell. */
const LISTED = 6;

export function ModuleTable({ modules }: { modules: Api<"ModuleSummary">[] }) {
  return (
    <Table>
      <thead>
        <tr>
          <Th>Module</Th>
          <Th>Version</Th>
          <Th className="text-right">Versions</Th>
          <Th>Steps</Th>
          <Th>Used by</Th>
        </tr>
      </thead>
      <tbody>
        {modules.map((module) => (
          <Tr key={module.name} className="relative">
            <Td className="max-w-64 truncate font-medium">
              <Link
                to="/modules/$module"
                params={{ module: module.name }}
                className="after:absolute after:inset-0"
              >
                {module.name}
              </Link>
            </Td>
            <Td className="whitespace-nowrap">
              <span className="flex items-center gap-2">
                {module.digest ? (
                  (module.version ?? <Code>{shortDigest(module.digest)}</Code>)
                ) : (
                  <span className="text-muted">none is active</span>
                )}
                {module.waiting > 0 && (
                  <Tag title="An admin has to approve what it imports">
                    <ShieldQuestion size={12} className="mr-1" aria-hidden />
                    {plural(module.waiting, "version")} to approve
                  </Tag>
                )}
              </span>
            </Td>
            <Td className="tabular text-right">{module.versions}</Td>
            <Td className="max-w-80 truncate text-muted">
              <Names names={module.steps} />
            </Td>
            <Td className="max-w-64 truncate text-muted">
              {module.used_by.length > 0 ? <Names names={module.used_by} /> : "no pipeline"}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Names({ names }: { names: string[] }) {
  const rest = names.length - LISTED;
  return (
    <>
      {names.slice(0, LISTED).join(", ")}
      {rest > 0 && ` and ${rest} more`}
    </>
  );
}
