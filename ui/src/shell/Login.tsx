import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "@/api/client";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/form";
import { Code } from "@/components/layout";
import { Mark } from "./Mark";
import { useChangeSession } from "./session";

/** Asks for a token. The address stays what it was, so that one is where one wanted to be. */
export function Login() {
  const change = useChangeSession();
  const [token, setToken] = useState("");
  const logIn = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/session", { body: { token: token.trim() } })),
    meta: { quiet: true },
    onSuccess: change,
  });
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <form
        className="flex w-full max-w-sm flex-col gap-4 rounded-xl border bg-surface p-6 shadow-sm"
        onSubmit={(event) => {
          event.preventDefault();
          logIn.mutate();
        }}
      >
        <Mark />
        <h1 className="text-lg font-semibold">Log in</h1>
        <Field
          label="Token"
          mistake={logIn.error?.message}
          hint={
            <>
              Shown once when it was made. <Code>stepmill tokens create NAME --role viewer</Code> makes
              another.
            </>
          }
        >
          {(field) => (
            <Input
              {...field}
              type="password"
              autoComplete="current-password"
              autoFocus
              required
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" busy={logIn.isPending} disabled={token.trim() === ""}>
          Log in
        </Button>
      </form>
    </main>
  );
}
