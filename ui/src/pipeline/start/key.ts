/** A key for each request that is meant: the same text again is the same run, until one was started. */
export class RequestKeys {
  private last: { body: string; key: string } | undefined;

  of(body: string): string {
    if (this.last?.body !== body) this.last = { body, key: randomKey() };
    return this.last.key;
  }

  /** The next request is another one, even with the same text. */
  done() {
    this.last = undefined;
  }
}

function randomKey(): string {
  // `randomUUID` is there on secure connections only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
