import type { Api } from "@/api/client";
import { Code } from "@/components/layout";

/** So many names stand in a line. */
const LISTED = 12;

interface Props {
  difference: Api<"Difference">;
}

/** How a version differs from another, a line for each sort of difference. */
export function Differences({ difference }: Props) {
  const lines: [label: string, names: readonly string[] | undefined, grows?: boolean][] = [
    ["Also imports", difference.added_imports, true],
    ["Does not import any more", difference.removed_imports],
    ["New steps", difference.added_steps],
    ["Steps that are gone", difference.removed_steps],
    ["Steps that take or return something else", difference.changed_steps],
  ];
  return (
    <ul className="flex flex-col gap-0.5">
      {lines.map(
        ([label, names, grows]) =>
          names &&
          names.length > 0 && (
            <li key={label} className={grows ? "font-medium" : "text-muted"}>
              {label}: <Code>{names.slice(0, LISTED).join(", ")}</Code>
              {names.length > LISTED && ` and ${names.length - LISTED} more`}
            </li>
          ),
      )}
    </ul>
  );
}
