import { type ComponentProps, lazy, Suspense } from "react";

const Loaded = lazy(() => import("./RerunDialog"));

/** The dialog, loaded when it is first opened. */
export function RerunDialog(props: ComponentProps<typeof Loaded>) {
  return (
    <Suspense>
      <Loaded {...props} />
    </Suspense>
  );
}
