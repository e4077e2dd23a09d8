import { useSuspenseQuery } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { queries } from "@/api/queries";
import { Button } from "@/components/Button";
import { Field, Select } from "@/components/form";
import { Code, Fact, Page, Panel, Tag } from "@/components/layout";
import { Time } from "@/components/Time";
import { bytes, count } from "@/lib/units";
import { type Preferences, prefer, usePreferences } from "@/shell/preferences";
import { useLogOut, useSession } from "@/shell/session";

/** How this browser shows things, and what the host was told. */
export function SettingsView() {
  return (
    <Page title="Settings">
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Appearance />
          <You />
        </div>
        <Host />
      </div>
    </Page>
  );
}

const CHOICES = {
  theme: [
    ["system", "As the system has it"],
    ["light", "Light"],
    ["dark", "Dark"],
  ],
  times: [
    ["relative", "How long ago"],
    ["absolute", "Date and time"],
  ],
  zone: [
    ["local", `Of this browser (${Intl.DateTimeFormat().resolvedOptions().timeZone})`],
    ["utc", "UTC"],
  ],
} as const satisfies { [Key in keyof Preferences]: readonly (readonly [Preferences[Key], string])[] };

const LABELS: Record<keyof Preferences, string> = { theme: "Theme", times: "Times", zone: "Time zone" };

function Appearance() {
  return (
    <Panel title="In this browser">
      <div className="flex flex-col gap-3 p-4">
        <Choice of="theme" />
        <Choice of="times" />
        <Choice of="zone" />
      </div>
    </Panel>
  );
}

function Choice({ of }: { of: keyof Preferences }) {
  const preferences = usePreferences();
  const choices: readonly (readonly [string, string])[] = CHOICES[of];
  return (
    <Field label={LABELS[of]}>
      {(field) => (
        <Select
          {...field}
          value={preferences[of]}
          onChange={({ target }) => prefer({ [of]: target.value } as Partial<Preferences>)}
        >
          {choices.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function You() {
  const session = useSession();
  const logOut = useLogOut();
  return (
    <Panel
      title="You"
      actions={
        <Button icon={LogOut} busy={logOut.isPending} onClick={() => logOut.mutate()}>
          Log out
        </Button>
      }
    >
      <dl className="px-4 py-2">
        <Fact name="Token">
          <Code>{session?.name}</Code>
        </Fact>
        <Fact name="Role">
          <Tag>{session?.role}</Tag>
        </Fact>
      </dl>
    </Panel>
  );
}

function Host() {
  const { version, started_at, disk, database_bytes, settings } = useSuspenseQuery(queries.system()).data;
  const { keep_days, max_bytes, keep_runs } = settings;
  const keepsAll = keep_days == null && max_bytes == null;
  return (
    <Panel title="The host">
      <dl className="px-4 py-2">
        <Fact name="Version">{version}</Fact>
        <Fact name="Started">
          <Time at={started_at} />
        </Fact>
        <Fact name="Data folder">
          <Code>{settings.data_dir}</Code>
        </Fact>
        <Fact name="History">{bytes(database_bytes)}</Fact>
        {disk && (
          <Fact name="Disk">
            {bytes(disk.free_bytes)} of {bytes(disk.total_bytes)} free; new runs are refused below{" "}
            {bytes(disk.needed_bytes)}
          </Fact>
        )}
        <Fact name="Active runs">at most {count(settings.max_active_runs)}; the others wait</Fact>
        <Fact name="Parallel attempts">at most {count(settings.parallelism)} in one run</Fact>
        <Fact name="Kept">
          {keepsAll ? (
            "everything"
          ) : (
            <>
              {keep_days != null && <p>runs of the last {count(keep_days)} days</p>}
              {max_bytes != null && <p>outputs of at most {bytes(max_bytes)}</p>}
              {keep_runs != null && <p>in any case the newest {count(keep_runs)} runs of each pipeline</p>}
            </>
          )}
        </Fact>
        <Fact name="API">
          <a href="/api/v1/openapi.json" className="text-accent underline">
            OpenAPI description
          </a>{" "}
          of all that this UI does
        </Fact>
      </dl>
      <p className="border-t px-4 py-3 text-muted">
        The host is told these when it starts: by options, by its environment, or by the file that{" "}
        <Code>--config</Code> names.
      </p>
    </Panel>
  );
}
