import { createFileRoute } from "@tanstack/react-router";
import { SecretsView } from "@/access/SecretsView";
import { queries } from "@/api/queries";

export const Route = createFileRoute("/secrets")({
  loader: ({ context }) => context.queries.ensureQueryData(queries.secrets()),
  component: SecretsView,
});
