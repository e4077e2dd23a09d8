import { useState } from "react";
import { type Api, ProblemError } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Code } from "@/components/layout";
import { Refusal } from "@/components/Refusal";
import { useMay } from "@/shell/session";
import { Differences } from "./Differences";
import { reaches } from "./imports";
import { useChoice } from "./useChoice";
import { activeOf, compare, isOlder, isSame, versionName } from "./versions";

interface Props {
  module: Api<"DeployedModule">;
  version: Api<"ModuleVersionView">;
}

/** A button that switches to a version, or approves it, behind a look at what changes. */
export function SwitchVersion({ module, version }: Props) {
  const [open, setOpen] = useState(false);
  const active = activeOf(module);
  const approves = version.state === "waiting";
  const may = useMay(approves ? "admin" : "publisher");
  if (version.active || !may) return null;
  const name = versionName(version);
  const deed = approves
    ? `Approve ${name}`
    : isOlder(version, active)
      ? `Roll back to ${name}`
      : `Switch to ${name}`;
  return (
    <>
      <Button onClick={() => setOpen(true)}>{deed}</Button>
      {open && (
        <SwitchDialog {...{ module, version, active, approves, deed }} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

interface DialogProps extends Props {
  active: Api<"ModuleVersionView"> | undefined;
  approves: boolean;
  deed: string;
  onClose: () => void;
}

function SwitchDialog({ module, version, active, approves, deed, onClose }: DialogProps) {
  const choose = useChoice(module.name, approves ? "approve" : "activate");
  const mayForce = useMay("admin");
  const compared = active && compare(active, version);
  const asked = approves ? reaches(compared ? compared.addedImports : version.imports) : [];
  // Only pipelines that would break can be overruled.
  const breaks = choose.error instanceof ProblemError && choose.error.problems.length > 0;
  const submit = (force: boolean) =>
    choose.mutate({ version: version.digest, ...(force && { force }) }, { onSuccess: onClose });
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={`${deed} of ${module.name}?`}
      description="Runs that begin from now on execute it. Runs that go on keep the version they began with."
    >
      <div className="flex flex-col gap-3">
        {asked.length > 0 && (
          <div>
            <p className="font-medium">It asks for more than the version before:</p>
            <ul className="mt-1 list-disc pl-5">
              {asked.map(({ name, meaning }) => (
                <li key={name}>
                  <span className="font-medium">{name}</span>: {meaning}
                </li>
              ))}
            </ul>
          </div>
        )}
        {compared &&
          (isSame(compared) ? (
            <p className="text-muted">Its steps take and return what those of {versionName(active)} do.</p>
          ) : (
            <Differences
              difference={{
                added_imports: compared.addedImports,
                removed_imports: compared.removedImports,
                added_steps: compared.addedSteps,
                removed_steps: compared.removedSteps,
                changed_steps: compared.changedSteps.map(({ name }) => name),
              }}
            />
          ))}
        {compared?.changedSteps.slice(0, 20).map(({ name, changes }) => (
          <p key={name} className="text-muted">
            <Code>{name}</Code> {changes.join("; ")}
          </p>
        ))}
        {module.used_by.length > 0 && (
          <p className="text-muted">Used by {module.used_by.slice(0, 20).join(", ")}.</p>
        )}
        {choose.error && <Refusal error={choose.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Keep as it is</Button>
          {breaks && mayForce ? (
            <Button look="danger" busy={choose.isPending} onClick={() => submit(true)}>
              {deed}, and let these pipelines fail
            </Button>
          ) : (
            <Button look="primary" busy={choose.isPending} onClick={() => submit(false)}>
              {deed}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
