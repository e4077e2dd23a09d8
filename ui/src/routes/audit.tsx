import { createFileRoute } from "@tanstack/react-router";
import { AuditView } from "@/access/AuditView";
import { textIn } from "@/lib/address";

interface Search {
  subject?: string | undefined;
}

export const Route = createFileRoute("/audit")({
  validateSearch: ({ subject }: Record<string, unknown>): Search => ({ subject: textIn(subject) }),
  component: Audit,
});

function Audit() {
  const { subject } = Route.useSearch();
  const navigate = Route.useNavigate();
  return <AuditView subject={subject} onSubject={(subject) => navigate({ search: { subject } })} />;
}
