import { Link } from "@tanstack/react-router";
import { Plus, Waypoints } from "lucide-react";
import { buttonClass } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Empty } from "@/components/feedback";
import { Code, Panel } from "@/components/layout";
import { useMay } from "@/shell/session";

const COMMAND = "stepmill deploy pipeline.toml";

/** How the first pipeline comes here. */
export function NoPipelines() {
  const mayPublish = useMay("publisher");
  return (
    <Panel>
      <Empty
        icon={Waypoints}
        title="No pipeline is deployed"
        action={
          mayPublish && (
            <Link to="/pipelines/new" className={buttonClass("primary")}>
              <Plus size={15} aria-hidden />
              Write a pipeline
            </Link>
          )
        }
      >
        A pipeline is a short text: which steps there are, and what each is given. Deploy it from where it is
        written, with the modules that it takes from there:
        <span className="mt-3 flex items-center justify-center gap-1">
          <Code className="rounded bg-sunken px-2 py-1 text-text">{COMMAND}</Code>
          <CopyButton text={COMMAND} label="Copy the command" />
        </span>
      </Empty>
    </Panel>
  );
}
