import { PackageOpen } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Empty } from "@/components/feedback";
import { Input } from "@/components/form";

/** Instead of a value that is too large for one answer: the ways to what is in it. */
export function TooLarge({ onPath }: { onPath: (path: string) => void }) {
  const [path, setPath] = useState("");
  const go = (event: FormEvent) => {
    event.preventDefault();
    if (path.trim() !== "") onPath(path.trim());
  };
  return (
    <Empty
      icon={PackageOpen}
      title="The value is too large to be shown at once"
      action={
        <form onSubmit={go} className="flex gap-2">
          <Input
            aria-label="Path of a part"
            placeholder="months[3].extremes"
            value={path}
            maxLength={1_000}
            onChange={(event) => setPath(event.target.value)}
            className="font-mono"
          />
          <Button type="submit">Show this part</Button>
        </form>
      }
    >
      Download it, or go to a part of it: a map by its keys, a list by its indexes.
    </Empty>
  );
}
