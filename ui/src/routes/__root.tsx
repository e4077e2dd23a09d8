import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Failure } from "@/components/feedback";
import { Login } from "@/shell/Login";
import { Shell } from "@/shell/Shell";
import { LoggedOut } from "@/shell/session";

/** Around every view: who is logged in is known before anything else is asked for. */
export const Route = createRootRouteWithContext<{ queries: QueryClient }>()({
  beforeLoad: async ({ context }) => {
    if (!(await context.queries.ensureQueryData(queries.session()))) throw new LoggedOut();
  },
  component: Shell,
  errorComponent: ({ error, reset }) =>
    error instanceof LoggedOut ? <Login /> : <Failure error={error} retry={reset} />,
});
