import type { Api } from "@/api/client";
import { useNow } from "@/components/Time";
import { absolute, relative } from "@/lib/time";
import { usePreferences } from "@/shell/preferences";

/** The next times of a schedule, in its zone and in that of who looks at it. */
export function NextTimes({ trigger }: { trigger: Api<"TriggerView"> }) {
  const { zone } = usePreferences();
  const now = useNow();
  const next = trigger.next ?? [];
  if (next.length === 0) {
    return <p className="text-muted">{why(trigger)}</p>;
  }
  const theirs = trigger.timezone ?? "UTC";
  const ours = zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="overflow-x-auto">
      <table className="w-full max-w-xl text-left whitespace-nowrap">
        <thead>
          <tr className="text-xs text-muted [&>th]:h-7 [&>th]:pr-4 [&>th]:font-medium">
            <th scope="col">In</th>
            <th scope="col">{theirs}</th>
            {ours !== theirs && <th scope="col">{ours}, yours</th>}
          </tr>
        </thead>
        <tbody>
          {next.slice(0, 10).map((at) => (
            <tr key={at} className="[&>td]:h-6 [&>td]:pr-4">
              <td className="text-muted">{relative(at, now)}</td>
              <td>{inZone(at, theirs)}</td>
              {ours !== theirs && <td>{absolute(at, zone)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The browser may know fewer zones than the host does. */
function inZone(at: string, zone: string): string {
  try {
    return absolute(at, zone);
  } catch {
    return `${absolute(at, "utc")} UTC`;
  }
}

function why({ kind, paused }: Api<"TriggerView">): string {
  const scheduled = kind === "cron" || kind === "every";
  if (!scheduled) return "It waits for something that has no time.";
  return paused ? "It is paused. Resumed, it starts no runs for the times that went by." : "It has none.";
}
