import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { buttonClass } from "@/components/Button";
import { Code } from "@/components/layout";
import { useMay } from "@/shell/session";

/** What to do on a host where nothing is yet. */
export function Welcome() {
  const mayPublish = useMay("publisher");
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <p className="text-base text-muted">
        Steps are functions in WebAssembly components. They run sandboxed, so you need not trust who wrote
        them. Three steps lead to the first run:
      </p>
      <ol className="flex flex-col gap-3">
        <Step
          number={1}
          title="Upload a module"
          commands={["stepmill new my-steps", "stepmill push my-steps"]}
          action={
            mayPublish && (
              <Link to="/modules" className={buttonClass("primary")}>
                Upload a module
              </Link>
            )
          }
        >
          A crate with a first step in it is made by one command, built and uploaded by the next. Or drop a
          component here in the browser.
        </Step>
        <Step
          number={2}
          title="Deploy a pipeline"
          commands={["stepmill deploy my-steps/pipeline.toml"]}
          action={
            mayPublish && (
              <Link to="/pipelines/new" className={buttonClass()}>
                Write a pipeline
              </Link>
            )
          }
        >
          A short text says which steps there are and what they are given. It is checked before anything runs.
        </Step>
        <Step number={3} title="Run it">
          From its page, or by a trigger: a schedule, a file, a webhook, the end of another run. Follow it
          live.
        </Step>
      </ol>
    </div>
  );
}

interface StepProps {
  number: number;
  title: string;
  commands?: string[];
  action?: ReactNode;
  children: ReactNode;
}

function Step({ number, title, commands, action, children }: StepProps) {
  return (
    <li className="flex gap-4 rounded-lg border bg-surface p-4">
      <span
        className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent"
        aria-hidden
      >
        {number}
      </span>
      <div className="min-w-0 flex-1">
        <h2 className="text-base font-semibold">{title}</h2>
        <p className="mt-0.5 text-muted">{children}</p>
        {commands && (
          <pre className="mt-2 overflow-x-auto rounded-md border bg-sunken px-3 py-2 leading-5">
            {commands.map((command) => (
              <div key={command}>
                <Code>{command}</Code>
              </div>
            ))}
          </pre>
        )}
      </div>
      {action}
    </li>
  );
}
