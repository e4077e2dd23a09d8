import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { KeyRound, Plus, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button, IconButton } from "@/components/Button";
import { Confirm } from "@/components/Dialog";
import { Empty } from "@/components/feedback";
import { Code, Page, Panel } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { Time } from "@/components/Time";
import { plural } from "@/lib/units";
import { useMay } from "@/shell/session";
import { SetSecret } from "./SetSecret";

/** The names of all secrets. Their values never leave the host. */
export function SecretsView() {
  const { secrets } = useSuspenseQuery(queries.secrets()).data;
  const mayChange = useMay("admin");
  const [set, setSet] = useState<string>();
  const add = mayChange && (
    <Button look="primary" icon={Plus} onClick={() => setSet("")}>
      Set a secret
    </Button>
  );
  return (
    <Page
      title="Secrets"
      facts={
        secrets.length > 0 && `${plural(secrets.length, "secret")}, sealed; nobody can read a value back`
      }
      actions={secrets.length > 0 && add}
    >
      <Panel>
        {secrets.length === 0 ? (
          <Empty icon={KeyRound} title="No secrets yet" action={add}>
            A step asks for a secret by its name (<Code>grants = ["secrets=NAME"]</Code>), a webhook checks
            signatures with one. What is set here is sealed on the disk.
          </Empty>
        ) : (
          <Table>
            <thead>
              <tr>
                <Th>Name</Th>
                <Th className="text-right">Version</Th>
                <Th>Set</Th>
                <Th>By</Th>
                <Th>Value before</Th>
                {mayChange && <Th aria-label="Actions" />}
              </tr>
            </thead>
            <tbody>
              {secrets.map((secret) => (
                <SecretRow
                  key={secret.name}
                  secret={secret}
                  onReplace={mayChange ? () => setSet(secret.name) : undefined}
                />
              ))}
            </tbody>
          </Table>
        )}
      </Panel>
      {set !== undefined && <SetSecret name={set} onClose={() => setSet(undefined)} />}
    </Page>
  );
}

interface RowProps {
  secret: Api<"SecretView">;
  /** Nothing where it may not be changed. */
  onReplace: (() => void) | undefined;
}

function SecretRow({ secret, onReplace }: RowProps) {
  const cache = useQueryClient();
  const { name, version, set_at, set_by, previous_until } = secret;
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/secrets/{name}", { params: { path: { name } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["secrets"] }),
  });
  return (
    <Tr>
      <Td className="max-w-72 truncate" title={name}>
        <Code>{name}</Code>
      </Td>
      <Td className="tabular text-right">{version}</Td>
      <Td>
        <Time at={set_at} />
      </Td>
      <Td className="max-w-48 truncate">{set_by}</Td>
      <Td className="text-muted">
        {previous_until ? (
          <>
            still valid, ends <Time at={previous_until} />
          </>
        ) : (
          "not valid"
        )}
      </Td>
      {onReplace && (
        <Td className="w-20 py-0 text-right whitespace-nowrap">
          <IconButton label={`Set a new value of ${name}`} icon={RotateCw} onClick={onReplace} />
          <Confirm
            title={`Remove the secret ${name}?`}
            description="Steps and webhooks that need it fail from then on. Its value cannot be brought back."
            action="Remove secret"
            danger
            onConfirm={() => remove.mutateAsync()}
          >
            {(open) => <IconButton label={`Remove ${name}`} icon={Trash2} onClick={open} />}
          </Confirm>
        </Td>
      )}
    </Tr>
  );
}
