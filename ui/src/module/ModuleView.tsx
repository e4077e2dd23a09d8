import { useNavigate } from "@tanstack/react-router";
import type { Api } from "@/api/client";
import { CopyButton } from "@/components/CopyButton";
import { Select } from "@/components/form";
import { Code, Page, Tag } from "@/components/layout";
import { Tabs } from "@/components/Tabs";
import { Time } from "@/components/Time";
import { bytes } from "@/lib/units";
import { useMay } from "@/shell/session";
import { ImportList } from "./ImportList";
import { RemoveModule } from "./RemoveModule";
import { StepList } from "./StepList";
import { UsedBy } from "./UsedBy";
import { VersionList } from "./VersionList";
import { activeOf, versionName } from "./versions";

export const MODULE_TABS = ["steps", "imports", "versions", "pipelines"] as const;

export interface ModuleSearch {
  tab?: (typeof MODULE_TABS)[number] | undefined;
  /** The digest of the version that is looked at, if it is not the active one. */
  version?: string | undefined;
}

interface Props {
  module: Api<"DeployedModule">;
  search: ModuleSearch;
}

/** A module: what its steps do, what it could reach, where it is used. */
export function ModuleView({ module, search }: Props) {
  const { name, versions, used_by } = module;
  const mayChange = useMay("publisher");
  const active = activeOf(module);
  const version = versions.find(({ digest }) => digest === search.version) ?? active ?? versions[0];
  const tab = search.tab ?? "steps";
  return (
    <Page
      title={name}
      beside={version && <VersionTag version={version} />}
      facts={version && <VersionFacts version={version} />}
      actions={
        <>
          {versions.length > 1 && version && <VersionChoice versions={versions} chosen={version} />}
          {mayChange && active && <RemoveModule module={module} />}
        </>
      }
    >
      <Tabs
        label="Parts of the module"
        active={tab}
        className="mb-4"
        tabs={[
          { id: "steps", label: "Steps", count: version?.steps.length ?? 0 },
          { id: "imports", label: "Imports", count: version?.imports.length ?? 0 },
          { id: "versions", label: "Versions", count: versions.length },
          { id: "pipelines", label: "Used by", count: used_by.length },
        ]}
      />
      {tab === "steps" && version && <StepList steps={version.steps} />}
      {tab === "imports" && version && <ImportList imports={version.imports} />}
      {tab === "versions" && <VersionList module={module} />}
      {tab === "pipelines" && <UsedBy module={name} pipelines={used_by} />}
    </Page>
  );
}

function VersionTag({ version }: { version: Api<"ModuleVersionView"> }) {
  return (
    <>
      <Tag>{versionName(version)}</Tag>
      {!version.active && (
        <span className="text-muted">
          {version.state === "waiting" ? "waits for an approval" : "not active"}
        </span>
      )}
    </>
  );
}

function VersionFacts({ version }: { version: Api<"ModuleVersionView"> }) {
  return (
    <>
      <span className="inline-flex items-center">
        <Code>{version.digest.slice(0, 26)}…</Code>
        <CopyButton text={version.digest} label="Copy the digest" />
      </span>
      <span>{bytes(version.size_bytes)}</span>
      <span>
        uploaded <Time at={version.uploaded_at} /> by {version.uploaded_by}
      </span>
      {version.sdk && <span className="max-w-72 truncate">{version.sdk}</span>}
    </>
  );
}

interface ChoiceProps {
  versions: Api<"ModuleVersionView">[];
  chosen: Api<"ModuleVersionView">;
}

function VersionChoice({ versions, chosen }: ChoiceProps) {
  const navigate = useNavigate({ from: "/modules/$module" });
  return (
    <Select
      aria-label="Version to look at"
      className="w-auto!"
      value={chosen.digest}
      onChange={({ target }) =>
        void navigate({ search: (before) => ({ ...before, version: target.value }), replace: true })
      }
    >
      {versions.map((version) => (
        <option key={version.digest} value={version.digest}>
          {versionName(version)}
          {version.active ? " (active)" : version.state === "waiting" ? " (to approve)" : ""}
        </option>
      ))}
    </Select>
  );
}
