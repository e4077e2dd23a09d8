/** Starts the UI. */

import "./styles.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/cache";
import { OfflineError, ProblemError } from "./api/client";
import { Failure } from "./components/feedback";
import { routeTree } from "./routeTree.gen";
import { NotFound } from "./shell/NotFound";
import { Pending } from "./shell/Pending";
import { isMissingPart, surviveMissingParts } from "./shell/parts";
import { LoggedOut } from "./shell/session";

const router = createRouter({
  routeTree,
  context: { queries: queryClient },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultPendingComponent: Pending,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  defaultNotFoundComponent: () => <NotFound what="page" />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** What a view tells by itself needs no line in the console. */
function report(error: unknown) {
  const told = [ProblemError, OfflineError, LoggedOut].some((kind) => error instanceof kind);
  if (!told && !isMissingPart(error)) reportError(error);
}

surviveMissingParts();

const root = document.getElementById("root");
if (root) {
  createRoot(root, { onCaughtError: report }).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
