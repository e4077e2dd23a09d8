import clsx from "clsx";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Button, IconButton } from "./Button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  wide?: boolean;
  /** It takes the whole page, and its content all of its height. */
  full?: boolean;
}

export function Dialog({ open, onOpenChange, title, description, children, wide, full }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          className={clsx(
            "fixed left-1/2 z-50 flex outline-none w-[calc(100vw-2rem)] -translate-x-1/2 flex-col overflow-hidden rounded-xl border bg-raised shadow-2xl",
            full ? "inset-y-4" : "top-[10vh] max-h-[80vh]",
            !full && (wide ? "max-w-3xl" : "max-w-lg"),
          )}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <div className="flex items-start gap-2 px-5 pt-4 pb-2">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold break-words">{title}</Radix.Title>
              {description && (
                <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" icon={X} />
            </Radix.Close>
          </div>
          <div className={clsx("overflow-y-auto px-5 pt-1 pb-5", full && "flex min-h-0 flex-1 flex-col")}>
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  title: string;
  description: ReactNode;
  /** What the button says: the deed itself. */
  action: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown> | unknown;
  /** What opens it. */
  children: (open: () => void) => ReactNode;
}

/** Asks before something is done that cannot be undone. */
export function Confirm({ title, description, action, danger, onConfirm, children }: ConfirmProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      setOpen(false);
    } catch {
      // Whoever did it says why it failed; the question stays, so that it can be tried again.
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {children(() => setOpen(true))}
      <Dialog open={open} onOpenChange={setOpen} title={title} description={description}>
        <div className="flex justify-end gap-2">
          <Button onClick={() => setOpen(false)}>Keep as it is</Button>
          <Button look={danger ? "danger" : "primary"} busy={busy} onClick={confirm}>
            {action}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
