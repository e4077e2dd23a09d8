/** Holds steps until a test lets them go, so that it need not be as fast as they are. */

import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class Gate {
  #server: Server;
  #held = new Map<string, ServerResponse>();
  #opened = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const step = (request.url ?? "/").slice(1);
      if (this.#opened.has(step)) response.end();
      else this.#held.set(step, response);
    });
  }

  static async build(): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return gate;
  }

  /** What the steps are granted. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The table of a step that runs until it is let through. */
  step(name: string, rest = ""): string {
    return `[steps.${name}]
use = "outside/fetch"
config.url = "${this.origin}/${name}"
grants.net = ["${this.origin}"]
${rest}
`;
  }

  /** Lets a step end, whether or not it has begun. */
  open(step: string) {
    this.#opened.add(step);
    this.#held.get(step)?.end();
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
