import { createFileRoute } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { SettingsView } from "@/settings/SettingsView";

export const Route = createFileRoute("/settings")({
  loader: ({ context }) => context.queries.ensureQueryData(queries.system()),
  component: SettingsView,
});
