import { OfflineError } from "@/api/client";
import { useConnected } from "@/api/live";
import { Failure, Loading } from "@/components/feedback";

/** In place of a view that is not there yet: it comes, or the host is away. */
export function Pending() {
  return useConnected() === false ? <Failure error={new OfflineError()} /> : <Loading lines={8} />;
}
