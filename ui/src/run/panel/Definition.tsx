import type { Api } from "@/api/client";
import { Code, Tag } from "@/components/layout";
import { duration } from "@/lib/time";
import { plural } from "@/lib/units";
import { retryWords, runsWhen } from "@/pipeline/view/words";
import { Part } from "./parts";
import { StepLinks } from "./Why";

/** How many neighbours are named. */
const MOST = 30;

/** What the pipeline says of the step: when it runs, and what else is not ordinary about it. */
export function Definition({ node, graph }: { node: Api<"NodeView">; graph: Api<"GraphView"> }) {
  const before = graph.edges.filter(({ to }) => to === node.name).map(({ from }) => from);
  const after = graph.edges.filter(({ from }) => from === node.name).map(({ to }) => to);
  return (
    <>
      <Part title="Runs when">
        <ul className="flex flex-col gap-1">
          {runsWhen(node, graph).map(({ says, code }) => (
            <li key={`${says} ${code ?? ""}`} className="break-words">
              {says}
              {code && <Code className="mt-0.5 block rounded bg-sunken px-2 py-1">{code.slice(0, 500)}</Code>}
            </li>
          ))}
        </ul>
      </Part>
      {node.for_each && (
        <Part title="For each">
          <p>
            Once for each item of <Code>{node.for_each.slice(0, 300)}</Code>
            {node.max_parallel != null && `, ${plural(node.max_parallel, "item")} at once`}
          </p>
        </Part>
      )}
      {(node.retry || node.continues_on_error || node.allow_failure) && (
        <Part title="If it fails">
          {node.retry && <p>{retryWords(node.retry, duration)}</p>}
          {node.continues_on_error && <p>Other steps go on, those behind it too.</p>}
          {node.allow_failure && <p>The run may succeed all the same.</p>}
        </Part>
      )}
      {(node.grants?.length ?? 0) > 0 && (
        <Part title="Grants">
          <span className="flex flex-wrap gap-1">
            {node.grants?.map((grant) => (
              <Tag key={grant} title={grant}>
                {grant.slice(0, 80)}
              </Tag>
            ))}
          </span>
        </Part>
      )}
      <Neighbours title="Before it" names={before} />
      <Neighbours title="Behind it" names={after} />
    </>
  );
}

function Neighbours({ title, names }: { title: string; names: string[] }) {
  if (names.length === 0) return null;
  return (
    <Part title={title}>
      <StepLinks names={names.slice(0, MOST)} />
      {names.length > MOST && <span className="text-muted">and {names.length - MOST} more</span>}
    </Part>
  );
}
