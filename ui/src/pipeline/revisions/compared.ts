import type { Api } from "@/api/client";

type Revision = Api<"RevisionView">;

interface Compared {
  shown: Revision | undefined;
  against: Revision | undefined;
}

/** Which revisions are compared, of those given newest first: the newest with the one before it, unless asked for others. */
export function compared(
  revisions: readonly Revision[],
  shown: number | undefined,
  against: number | undefined,
): Compared {
  const found = revisions.find(({ revision }) => revision === shown) ?? revisions[0];
  const asked = revisions.find(({ revision }) => revision === against && revision !== found?.revision);
  const before = revisions.find(({ revision }) => found !== undefined && revision < found.revision);
  return { shown: found, against: asked ?? before };
}
