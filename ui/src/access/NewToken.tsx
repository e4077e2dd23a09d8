import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Api, answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { Field, Input, Select } from "@/components/form";
import { Code } from "@/components/layout";
import { expiry, LIFETIMES, ROLES } from "./tokens";

/** Makes a token and shows it, once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Api<"Role">>("viewer");
  const [days, setDays] = useState<number | undefined>(90);
  const make = useMutation({
    mutationFn: () => {
      const expires_at = expiry(days, Date.now());
      return answer(api.POST("/api/v1/tokens", { body: { name, role, ...(expires_at && { expires_at }) } }));
    },
    meta: { quiet: true },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="New token">
      {make.data ? (
        <div className="flex flex-col gap-3">
          <p>
            This is the token <Code>{make.data.name}</Code>. Copy it now: it is not shown again.
          </p>
          <div className="flex items-center gap-2 rounded-md border bg-sunken py-1 pr-1 pl-3">
            <Code className="flex-1">{make.data.token}</Code>
            <CopyButton text={make.data.token} label="Copy the token" />
          </div>
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              It is kept
            </Button>
          </div>
        </div>
      ) : (
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <Field
            label="Name"
            mistake={make.error?.message}
            hint="Who or what uses it. It stands in the audit, and is never used again."
          >
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
          <Field label="Role" hint={`Who has it ${ROLES.find((known) => known.role === role)?.may}.`}>
            {(field) => (
              <Select
                {...field}
                value={role}
                onChange={({ target }) =>
                  setRole(ROLES.find((known) => known.role === target.value)?.role ?? role)
                }
              >
                {ROLES.map(({ role }) => (
                  <option key={role}>{role}</option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Valid for">
            {(field) => (
              <Select
                {...field}
                value={days ?? ""}
                onChange={({ target }) => setDays(target.value ? Number(target.value) : undefined)}
              >
                {LIFETIMES.map(({ days, words }) => (
                  <option key={days} value={days}>
                    {words}
                  </option>
                ))}
                <option value="">ever</option>
              </Select>
            )}
          </Field>
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Make none</Button>
            <Button type="submit" look="primary" busy={make.isPending} disabled={!name}>
              Make token
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
