import { CalendarClock, FileInput, Link2, type LucideIcon, Plug, Repeat, Webhook } from "lucide-react";

const ICONS: Record<string, LucideIcon> = {
  cron: CalendarClock,
  every: Repeat,
  file: FileInput,
  webhook: Webhook,
  finished: Link2,
};

/** The icon of a kind of trigger; one of a program's own kinds has that of a plug. */
export function KindIcon({ kind }: { kind: string }) {
  const Icon = (Object.hasOwn(ICONS, kind) && ICONS[kind]) || Plug;
  return <Icon size={15} className="shrink-0 text-muted" aria-hidden />;
}
