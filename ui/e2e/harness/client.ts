/** Speaks to a host as its users' programs do: plain requests with a token. */

import type { Api } from "@/api/client";

const ENDED: Api<"RunState">[] = ["succeeded", "failed", "cancelled"];

/** What a run can be started with. */
export type Params = Record<string, unknown>;

export interface Rerun {
  failed?: boolean;
  from?: string[];
  params?: Params;
}

export class Client {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  /** The same host, asked by somebody else. */
  as(token: string): Client {
    return new Client(this.url, token);
  }

  async request(method: string, path: string, body?: BodyInit, headers: HeadersInit = {}): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return this.#read(await this.request(method, path, sent, { "content-type": "application/json" }));
  }

  get<T>(path: string): Promise<T> {
    return this.ask("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.ask("POST", path, body);
  }

  async #read<T>(response: Response): Promise<T> {
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${response.status} of ${response.url}: ${text}`);
    }
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Uploads a component, under its own name or this one. */
  async push(wasm: Buffer, name?: string): Promise<Api<"UploadReport">> {
    const query = name ? `?name=${name}` : "";
    const headers = { "content-type": "application/wasm" };
    return this.#read(await this.request("POST", `/api/v1/modules${query}`, new Uint8Array(wasm), headers));
  }

  deploy(text: string): Promise<unknown> {
    return this.post("/api/v1/pipelines", { text });
  }

  /** Sends a file ahead of a run, and returns what its parameter is given. */
  async file(name: string, bytes: string | Buffer): Promise<{ file: string }> {
    const headers = { "content-type": "application/octet-stream" };
    const path = `/api/v1/files?name=${encodeURIComponent(name)}`;
    const sent = await this.#read<{ file: string }>(
      await this.request("POST", path, new Uint8Array(Buffer.from(bytes)), headers),
    );
    return { file: sent.file };
  }

  /** Starts a run, and returns its id. */
  async start(pipeline: string, params: Params = {}, cache = false): Promise<string> {
    const { id } = await this.post<{ id: string }>(`/api/v1/pipelines/${pipeline}/runs`, { params, cache });
    return id;
  }

  async rerun(run: string, how: Rerun = {}): Promise<string> {
    const { id } = await this.post<{ id: string }>(`/api/v1/runs/${run}/rerun`, { ...how, cache: false });
    return id;
  }

  async cancel(run: string): Promise<void> {
    await this.post(`/api/v1/runs/${run}/cancel`);
  }

  run(run: string): Promise<Api<"RunDetail">> {
    return this.get(`/api/v1/runs/${run}`);
  }

  /** Asks for a run until it is as wanted. */
  async until(run: string, wanted: (run: Api<"RunDetail">) => boolean): Promise<Api<"RunDetail">> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const seen = await this.run(run);
      if (wanted(seen)) return seen;
      if (Date.now() > deadline) throw new Error(`run ${run} is still ${JSON.stringify(seen.run)}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  ended(run: string): Promise<Api<"RunDetail">> {
    return this.until(run, ({ run }) => ENDED.includes(run.state));
  }

  /** Starts a run and waits for its end. */
  async finished(pipeline: string, params: Params = {}): Promise<Api<"RunDetail">> {
    return this.ended(await this.start(pipeline, params));
  }

  /** Calls a webhook without a signature; returns the run that it started. */
  async hook(path: string, body: string): Promise<string> {
    const headers = { "content-type": "application/octet-stream", "webhook-id": crypto.randomUUID() };
    const { run } = await this.#read<{ run: string }>(
      await fetch(`${this.url}/hooks/${path}`, { method: "POST", body, headers }),
    );
    return run;
  }

  /** Makes a token, and returns it. */
  async makeToken(name: string, role: Api<"Role">): Promise<string> {
    const { token } = await this.post<{ token: string }>("/api/v1/tokens", { name, role });
    return token;
  }

  async setSecret(name: string, value: string): Promise<void> {
    await this.ask("PUT", `/api/v1/secrets/${name}`, { value });
  }
}
