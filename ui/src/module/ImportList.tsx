import { Code, Panel, Tag } from "@/components/layout";
import { reaches } from "./imports";

/** So many interfaces are named. */
const LISTED = 40;

/** What a module could reach, and what steps get of it. */
export function ImportList({ imports }: { imports: string[] }) {
  return (
    <Panel>
      <p className="border-b px-4 py-3 text-muted">
        What a module imports it can call. What it gets is decided here: nothing, unless a pipeline grants it
        and the operator's policy allows that.
      </p>
      <ul>
        {reaches(imports).map(({ name, meaning, grant, imports }) => (
          <li
            key={name}
            className="grid gap-x-4 gap-y-1 border-b px-4 py-3 last:border-b-0 sm:grid-cols-[8rem_1fr]"
          >
            <span className="font-medium">{name}</span>
            <div className="min-w-0">
              <p>
                {meaning} {grant && <Tag title="What a pipeline would have to grant">grants.{grant}</Tag>}
              </p>
              <p className="mt-1 flex flex-wrap gap-x-3 text-xs text-muted">
                {imports.slice(0, LISTED).map((name) => (
                  <Code key={name}>{name}</Code>
                ))}
                {imports.length > LISTED && `and ${imports.length - LISTED} more`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
