import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Blocks, Keyboard, Moon, Play, Search, Sun, Upload, Waypoints } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useDeferredValue, useState } from "react";
import { queries } from "@/api/queries";
import { StateIcon } from "@/components/StateBadge";
import { Time } from "@/components/Time";
import { ADMIN_VIEWS, VIEWS } from "./navigation";
import { isDark, prefer } from "./preferences";
import { useMay } from "./session";

interface Props {
  onOpenChange: (open: boolean) => void;
  showHelp: () => void;
}

/** Finds anything and does the common things, from the keyboard. */
export default function Palette({ onOpenChange, showHelp }: Props) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const pipelines = useQuery(queries.pipelines()).data?.pipelines ?? [];
  const modules = useQuery(queries.modules()).data?.modules ?? [];
  const runs = useQuery(queries.latestRuns(search ? { text: search } : {}, 8)).data?.runs ?? [];
  const mayPublish = useMay("publisher");
  const mayOperate = useMay("operator");
  const isAdmin = useMay("admin");
  const dark = isDark();

  const run = (action: () => unknown) => () => {
    onOpenChange(false);
    action();
  };

  return (
    <Radix.Root open onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border bg-raised shadow-2xl"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <Command loop label="Search and commands">
            <div className="flex items-center gap-2 border-b px-4">
              <Search size={16} className="text-faint" aria-hidden />
              <Command.Input
                value={text}
                onValueChange={setText}
                placeholder="Go to a view, a pipeline, a module, a run …"
                className="h-11 flex-1 bg-transparent outline-none"
              />
            </div>
            <Command.List className="max-h-[55vh] overflow-y-auto p-2">
              <Command.Empty className="px-2 py-6 text-center text-muted">
                Nothing is called that.
              </Command.Empty>
              <Group heading="Views">
                {[...VIEWS, ...ADMIN_VIEWS.filter((view) => !view.needs || isAdmin)].map((view) => (
                  <Item key={view.to} onSelect={run(() => navigate({ to: view.to }))} hint={`g ${view.key}`}>
                    <view.icon size={15} aria-hidden />
                    {view.label}
                  </Item>
                ))}
              </Group>
              <Group heading="Pipelines">
                {pipelines.map(({ name }) => (
                  <Item
                    key={name}
                    value={`pipeline ${name}`}
                    onSelect={run(() => navigate({ to: "/pipelines/$pipeline", params: { pipeline: name } }))}
                  >
                    <Waypoints size={15} aria-hidden />
                    {name}
                  </Item>
                ))}
                {mayOperate &&
                  search &&
                  pipelines.map(({ name }) => (
                    <Item
                      key={name}
                      value={`run ${name} now`}
                      onSelect={run(() =>
                        navigate({
                          to: "/pipelines/$pipeline",
                          params: { pipeline: name },
                          search: { start: true },
                        }),
                      )}
                    >
                      <Play size={15} aria-hidden />
                      Run {name} now
                    </Item>
                  ))}
              </Group>
              <Group heading="Modules">
                {modules.map(({ name }) => (
                  <Item
                    key={name}
                    value={`module ${name}`}
                    onSelect={run(() => navigate({ to: "/modules/$module", params: { module: name } }))}
                  >
                    <Blocks size={15} aria-hidden />
                    {name}
                  </Item>
                ))}
              </Group>
              <Group heading="Runs">
                {runs.map(({ id, pipeline, state, created_at }) => (
                  <Item
                    key={id}
                    value={`run of ${pipeline} ${id} ${search}`}
                    onSelect={run(() => navigate({ to: "/runs/$run", params: { run: id } }))}
                    hint={<Time at={created_at} />}
                  >
                    <StateIcon state={state} label />
                    {pipeline}
                    <span className="truncate font-mono text-xs text-faint">{id}</span>
                  </Item>
                ))}
              </Group>
              <Group heading="Commands">
                {mayPublish && (
                  <>
                    <Item onSelect={run(() => navigate({ to: "/pipelines/new" }))}>
                      <Waypoints size={15} aria-hidden />
                      Deploy a pipeline
                    </Item>
                    <Item onSelect={run(() => navigate({ to: "/modules" }))}>
                      <Upload size={15} aria-hidden />
                      Upload a module
                    </Item>
                  </>
                )}
                <Item onSelect={run(() => prefer({ theme: dark ? "light" : "dark" }))}>
                  {dark ? <Sun size={15} aria-hidden /> : <Moon size={15} aria-hidden />}
                  {dark ? "Light theme" : "Dark theme"}
                </Item>
                <Item onSelect={run(showHelp)} hint="?">
                  <Keyboard size={15} aria-hidden />
                  Keyboard shortcuts
                </Item>
              </Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
    >
      {children}
    </Command.Group>
  );
}

interface ItemProps {
  value?: string;
  onSelect: () => void;
  hint?: ReactNode;
  children: ReactNode;
}

function Item({ children, hint, ...rest }: ItemProps) {
  return (
    <Command.Item
      className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 data-[selected=true]:bg-hover [&>svg]:shrink-0 [&>svg]:text-muted"
      {...rest}
    >
      <span className="flex min-w-0 flex-1 items-center gap-2.5 truncate">{children}</span>
      {hint && <span className="text-xs text-faint">{hint}</span>}
    </Command.Item>
  );
}
