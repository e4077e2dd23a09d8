/** What the host says of the parameters of a run, at the fields that it is about. */

export interface Mistakes {
  fields: Map<string, string>;
  /** What is about none of them. */
  rest: string[];
}

/** The host writes a line for each mistake, beginning with the name of the parameter. */
export function placeMistakes(message: string, names: readonly string[]): Mistakes {
  const known = new Set(names);
  const mistakes: Mistakes = { fields: new Map(), rest: [] };
  for (const line of message.split("\n").slice(0, 100)) {
    const name = /^parameter `([a-z][a-z0-9_]*)`/.exec(line)?.[1];
    if (name !== undefined && known.has(name)) {
      const before = mistakes.fields.get(name);
      mistakes.fields.set(name, before === undefined ? line : `${before}; ${line}`);
    } else if (line.trim() !== "") {
      mistakes.rest.push(line);
    }
  }
  return mistakes;
}
