/** What a module imports, as what it could do with it. */

export interface Reach {
  /** What it is about: `network`. */
  name: string;
  /** What steps get of it, granted or not. */
  meaning: string;
  /** Whether a pipeline can grant more of it than nothing. */
  grant: string | undefined;
  imports: string[];
}

const REACHES: [prefix: string, reach: Omit<Reach, "imports">][] = [
  [
    "stepmill:step/",
    {
      name: "stepmill",
      meaning: "Inputs, outputs, logs and progress: the contract of steps.",
      grant: undefined,
    },
  ],
  [
    "wasi:io/",
    {
      name: "streams",
      meaning: "How data is read and written. It reaches nothing by itself.",
      grant: undefined,
    },
  ],
  [
    "wasi:http/",
    {
      name: "HTTP",
      meaning: "Requests to the origins that a pipeline grants; all others fail.",
      grant: "net",
    },
  ],
  ["wasi:sockets/", { name: "sockets", meaning: "Nothing: every call fails the step.", grant: undefined }],
  ["wasi:filesystem/", { name: "files", meaning: "No folders: there is nothing to open.", grant: undefined }],
  [
    "wasi:clocks/",
    {
      name: "clocks",
      meaning: "A clock that stands still until the step sleeps, unless the real one is granted.",
      grant: "clock",
    },
  ],
  [
    "wasi:random/",
    {
      name: "randomness",
      meaning: "Bytes that are the same for the same input, unless real ones are granted.",
      grant: "random",
    },
  ],
  [
    "wasi:cli/",
    {
      name: "program",
      meaning: "Standard output becomes logs; variables of the environment only where granted.",
      grant: "env",
    },
  ],
];

/** Whatever else it imports is not there. */
const OTHER = { name: "others", meaning: "Not there: every call fails the step.", grant: undefined };

/** Imports by what they reach, in the order of what one wants to know first; each import stands in one. */
export function reaches(imports: readonly string[]): Reach[] {
  const found = new Map<string, Reach>();
  for (const name of imports) {
    const [, reach] = REACHES.find(([prefix]) => name.startsWith(prefix)) ?? ["", OTHER];
    const known = found.get(reach.name);
    if (known) known.imports.push(name);
    else found.set(reach.name, { ...reach, imports: [name] });
  }
  return [...found.values()].sort(
    (one, other) => weight(one) - weight(other) || one.name.localeCompare(other.name),
  );
}

/** What can be granted comes first, what is always there last. */
function weight({ name, grant }: Reach): number {
  if (grant) return 0;
  return name === "stepmill" || name === "streams" ? 2 : 1;
}

/** The grants that steps of a module could make use of. */
export function usefulGrants(imports: readonly string[]): string[] {
  return reaches(imports).flatMap(({ grant }) => grant ?? []);
}
