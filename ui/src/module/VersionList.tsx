import { CircleCheck, CircleDashed, ShieldQuestion } from "lucide-react";
import type { Api } from "@/api/client";
import { Code, Panel } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { Time } from "@/components/Time";
import { bytes } from "@/lib/units";
import { SwitchVersion } from "./SwitchVersion";
import { shortDigest, versionName } from "./versions";

/** Every version that was uploaded, the newest first. None is ever lost: runs name the one they had. */
export function VersionList({ module }: { module: Api<"DeployedModule"> }) {
  return (
    <Panel>
      <Table>
        <thead>
          <tr>
            <Th>Version</Th>
            <Th>State</Th>
            <Th>Uploaded</Th>
            <Th>By</Th>
            <Th className="text-right">Steps</Th>
            <Th className="text-right">Size</Th>
            <Th>Digest</Th>
            <Th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {module.versions.map((version) => (
            <Tr key={version.digest}>
              <Td className="font-medium whitespace-nowrap">{versionName(version)}</Td>
              <Td>
                <Standing version={version} />
              </Td>
              <Td>
                <Time at={version.uploaded_at} />
              </Td>
              <Td className="max-w-40 truncate">{version.uploaded_by}</Td>
              <Td className="tabular text-right">{version.steps.length}</Td>
              <Td className="tabular text-right whitespace-nowrap">{bytes(version.size_bytes)}</Td>
              <Td className="whitespace-nowrap text-muted">
                <Code>{shortDigest(version.digest)}</Code>
              </Td>
              <Td className="py-0.5 text-right">
                <SwitchVersion module={module} version={version} />
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function Standing({ version: { active, state } }: { version: Api<"ModuleVersionView"> }) {
  const [Icon, look, word] = active
    ? ([CircleCheck, "text-succeeded", "active"] as const)
    : state === "waiting"
      ? ([ShieldQuestion, "text-cancelled", "to approve"] as const)
      : ([CircleDashed, "text-muted", "ready"] as const);
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <Icon size={15} className={look} aria-hidden />
      {word}
    </span>
  );
}
