import { createFileRoute } from "@tanstack/react-router";
import { TokensView } from "@/access/TokensView";
import { queries } from "@/api/queries";

export const Route = createFileRoute("/tokens")({
  loader: ({ context }) => context.queries.ensureQueryData(queries.tokens()),
  component: TokensView,
});
