import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { OfflineError, ProblemError } from "./client";

/** Asks again what may go better the next time: not what the host refused. */
function retry(failures: number, error: Error): boolean {
  return error instanceof OfflineError ? true : !(error instanceof ProblemError) && failures < 2;
}

/** A session that has ended shows the login, whatever was asked for. */
function onError(error: Error) {
  if (error instanceof ProblemError && error.status === 401) {
    queryClient.setQueryData(["session"], null);
  }
}

/** What was asked of the host, kept while it is shown. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({
    onError: (error, _, __, mutation) => {
      onError(error);
      if (mutation.meta?.quiet) return;
      const help = error instanceof ProblemError ? error.help : undefined;
      toast.error(error.message, help ? { description: help } : undefined);
    },
  }),
  defaultOptions: {
    queries: { retry, retryDelay: 2_000, staleTime: 2_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});
