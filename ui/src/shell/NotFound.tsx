import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { buttonClass } from "@/components/Button";
import { Empty } from "@/components/feedback";

export function NotFound({ what, children }: { what: string; children?: React.ReactNode }) {
  return (
    <Empty
      icon={SearchX}
      title={`There is no such ${what}`}
      action={
        <Link to="/" className={buttonClass()}>
          Home
        </Link>
      }
    >
      {children ?? "It may have been removed, or the address is not quite right."}
    </Empty>
  );
}
