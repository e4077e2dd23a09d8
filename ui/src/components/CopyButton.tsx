import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { IconButton } from "./Button";

/** For how long it says that it was done. */
const DONE_MS = 1_500;

interface Props {
  /** Long ones are made when they are wanted. */
  text: string | (() => string);
  label?: string;
}

/** Copies a text, and says so. */
export function CopyButton({ text, label = "Copy" }: Props) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), DONE_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setDone(true);
    } catch {
      // Browsers refuse it where the connection is not secure.
      toast.error("The browser does not allow copying here");
    }
  };
  return (
    <>
      <IconButton label={label} icon={done ? Check : Copy} onClick={copy} />
      <span className="sr-only" role="status">
        {done ? "Copied" : ""}
      </span>
    </>
  );
}
