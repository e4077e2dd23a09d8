import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "sonner";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input, TextArea } from "@/components/form";

interface Props {
  /** Which one gets a new value; empty for a new one. */
  name: string;
  onClose: () => void;
}

/** Takes a value, which is never shown again. */
export function SetSecret({ name: known, onClose }: Props) {
  const cache = useQueryClient();
  const [name, setName] = useState(known);
  const [value, setValue] = useState("");
  const set = useMutation({
    mutationFn: () =>
      answer(api.PUT("/api/v1/secrets/{name}", { params: { path: { name } }, body: { value } })),
    meta: { quiet: true },
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ["secrets"] });
      toast.success(`The secret ${name} is set`);
      onClose();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={known ? `A new value of ${known}` : "Set a secret"}
      description="It is sealed on the host, and taken out of logs and messages of steps. It is never shown again."
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        {!known && (
          <Field label="Name" hint="Lower-case letters, digits and underscores, as pipelines name it.">
            {(field) => (
              <Input
                {...field}
                autoFocus
                required
                autoComplete="off"
                spellCheck={false}
                value={name}
                onChange={({ target }) => setName(target.value.trim())}
              />
            )}
          </Field>
        )}
        <Field label="Value" mistake={set.error?.message} hint="Taken as it is, line breaks and all.">
          {(field) => (
            <TextArea
              {...field}
              required
              rows={3}
              autoFocus={known !== ""}
              autoComplete="off"
              spellCheck={false}
              value={value}
              onChange={({ target }) => setValue(target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep as it is</Button>
          <Button type="submit" look="primary" busy={set.isPending} disabled={!name || !value}>
            Set secret
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
