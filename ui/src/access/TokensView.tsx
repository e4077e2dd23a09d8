import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Ban, CircleCheck, CircleSlash, type LucideIcon, Plus, TimerOff } from "lucide-react";
import { useState } from "react";
import { type Api, answer, api } from "@/api/client";
import { queries } from "@/api/queries";
import { Button, IconButton } from "@/components/Button";
import { Confirm } from "@/components/Dialog";
import { Code, Page, Panel, Tag } from "@/components/layout";
import { Table, Td, Th, Tr } from "@/components/Table";
import { Time, useNow } from "@/components/Time";
import { plural } from "@/lib/units";
import { NewToken } from "./NewToken";
import { type Standing, sortTokens, standing } from "./tokens";

const STANDINGS: Record<Standing, [icon: LucideIcon, look: string]> = {
  valid: [CircleCheck, "text-succeeded"],
  expired: [TimerOff, "text-muted"],
  revoked: [CircleSlash, "text-muted"],
};

/** Who may ask the host for what. */
export function TokensView() {
  const { tokens } = useSuspenseQuery(queries.tokens()).data;
  const now = useNow();
  const [making, setMaking] = useState(false);
  const valid = tokens.filter((token) => standing(token, now) === "valid").length;
  return (
    <Page
      title="Tokens"
      facts={`${plural(valid, "token")} valid`}
      actions={
        <Button look="primary" icon={Plus} onClick={() => setMaking(true)}>
          New token
        </Button>
      }
    >
      <Panel>
        <Table>
          <thead>
            <tr>
              <Th>Name</Th>
              <Th>Role</Th>
              <Th>State</Th>
              <Th>Made</Th>
              <Th>By</Th>
              <Th>Expires</Th>
              <Th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {sortTokens(tokens, now).map((token) => (
              <TokenRow key={token.name} token={token} now={now} />
            ))}
          </tbody>
        </Table>
      </Panel>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </Page>
  );
}

function TokenRow({ token, now }: { token: Api<"TokenView">; now: number }) {
  const cache = useQueryClient();
  const { name, role, created_at, created_by, expires_at } = token;
  const revoke = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/tokens/{name}", { params: { path: { name } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const stands = standing(token, now);
  const [Icon, look] = STANDINGS[stands];
  return (
    <Tr>
      <Td className="max-w-72 truncate" title={name}>
        <Code>{name}</Code>
      </Td>
      <Td>
        <Tag>{role}</Tag>
      </Td>
      <Td>
        <span className="inline-flex items-center gap-1.5">
          <Icon size={15} className={look} aria-hidden />
          {stands}
        </span>
      </Td>
      <Td>
        <Time at={created_at} />
      </Td>
      <Td className="max-w-48 truncate">{created_by}</Td>
      <Td>{expires_at ? <Time at={expires_at} /> : <span className="text-muted">never</span>}</Td>
      <Td className="w-12 py-0 text-right">
        {stands === "valid" && (
          <Confirm
            title={`Revoke the token ${name}?`}
            description="Whoever uses it is refused at once, and logged out. It cannot be made valid again."
            action="Revoke token"
            danger
            onConfirm={() => revoke.mutateAsync()}
          >
            {(open) => <IconButton label={`Revoke ${name}`} icon={Ban} onClick={open} />}
          </Confirm>
        )}
      </Td>
    </Tr>
  );
}
