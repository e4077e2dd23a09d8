import type { ReactNode } from "react";
import type { Api } from "@/api/client";
import { CopyButton } from "@/components/CopyButton";
import { Code } from "@/components/layout";
import { NextTimes } from "./NextTimes";
import { TriggerEvents } from "./TriggerEvents";
import { overlapWords } from "./words";

/** When a trigger fires next, and what became of what it saw. */
export function TriggerDetails({ trigger }: { trigger: Api<"TriggerView"> }) {
  return (
    <div className="grid items-start gap-x-8 gap-y-5 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-5">
        {trigger.problem && (
          <Part title="Starts no runs">
            <p className="break-words text-failed">{trigger.problem.slice(0, 1_000)}</p>
          </Part>
        )}
        <Part title="Next times">
          <NextTimes trigger={trigger} />
        </Part>
        {trigger.kind === "webhook" && (
          <Part title="Address">
            <WebhookAddress path={trigger.waits_for} />
          </Part>
        )}
        <Part title="Overlap">
          <p className="text-muted">
            <Code className="text-text">{trigger.overlap}</Code>. {overlapWords(trigger.overlap)}
          </p>
        </Part>
        {trigger.missed > 0 && (
          <Part title="Missed">
            <p className="text-muted">
              No run was started for {trigger.missed} of its times, since the host did not run or the trigger
              was paused.
            </p>
          </Part>
        )}
      </div>
      <Part title="Recent events">
        <TriggerEvents pipeline={trigger.pipeline} trigger={trigger.name} />
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 text-xs font-medium text-muted">{title}</p>
      {children}
    </div>
  );
}

/** Where requests are sent to, as seen from this browser. */
function WebhookAddress({ path }: { path: string }) {
  const address = `${window.location.origin}${path}`;
  return (
    <div className="flex items-center gap-1">
      <Code className="min-w-0 flex-1">{address}</Code>
      <CopyButton text={address} label="Copy the address" />
    </div>
  );
}
