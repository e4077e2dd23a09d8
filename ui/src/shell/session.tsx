/** Who is logged in, and what they may do. */

import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";

export type Role = Api<"Role">;

/** Keeps views from asking for what nobody may see who is not logged in. */
export class LoggedOut extends Error {}

const RANKS: Role[] = ["viewer", "operator", "publisher", "admin"];

export function useSession(): Api<"Who"> | null {
  return useSuspenseQuery(queries.session()).data;
}

/** Whether who is logged in may do what needs this role. What they may not is not offered. */
export function useMay(role: Role): boolean {
  const session = useSession();
  return session !== null && RANKS.indexOf(session.role) >= RANKS.indexOf(role);
}

/** Changes who is logged in: nothing that another one saw stays. */
export function useChangeSession(): (session: Api<"Who"> | null) => void {
  const cache = useQueryClient();
  const router = useRouter();
  return (session) => {
    cache.setQueryData(queries.session().queryKey, session);
    cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    void router.invalidate();
  };
}

export function useLogOut() {
  const change = useChangeSession();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/session")),
    onSuccess: () => change(null),
  });
}
