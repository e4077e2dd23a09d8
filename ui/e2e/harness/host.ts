/** The real host in a folder of its own, on a port of its own. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client";
import { BINARY, ROOT } from "./places";

const START_MS = 60_000;
/**
 * Below the ports that systems give to whoever asks for any: no connection takes the port of a host that is stopped for a
 * while.
 */
const PORTS = { first: 20_000, count: 10_000 };
/** The host gives runs five seconds to end. */
const STOP_MS = 15_000;

const CONFIG = `
[access]
policy = "policy.toml"
[folders]
inboxes = ["inbox"]
[runs]
max_active = 64
`;

const POLICY = `
private = ["127.0.0.1"]
[[allow]]
grants = ["all"]
`;

export class Host {
  #process: ChildProcess | undefined;
  #said = { stdout: "", stderr: "" };

  private constructor(
    readonly folder: string,
    public url: string,
    /** Of an admin. Shown at the first start only. */
    public token: string,
    /** Logs one browser in, once. */
    public loginLink: string,
  ) {}

  static async start(): Promise<Host> {
    const folder = await mkdtemp(join(tmpdir(), "stepmill-ui-"));
    await writeFile(join(folder, "stepmill.toml"), CONFIG);
    await writeFile(join(folder, "policy.toml"), POLICY);
    const host = new Host(folder, "", "", "");
    try {
      await host.#beginAnywhere();
      host.token = host.#found("stdout", /: (stpm_\S+)$/m);
      host.loginLink = host.#found("stdout", /^\s+(http:\S+\/login\/\S+)$/m);
    } catch (error) {
      await host.remove();
      throw error;
    }
    return host;
  }

  get api(): Client {
    return new Client(this.url, this.token);
  }

  /** Runs the command line against this host, as users do. */
  command(...args: string[]): string {
    const env = { ...process.env, STEPMILL_SERVER: this.url, STEPMILL_TOKEN: this.token };
    return execFileSync(BINARY, args, { cwd: ROOT, env, encoding: "utf8", stdio: "pipe" });
  }

  /** Starts again behind {@link stop}, at the same address. */
  async restart() {
    await this.#begin(new URL(this.url).host);
  }

  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async remove() {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Takes a port that no other program listens on. */
  async #beginAnywhere() {
    for (;;) {
      const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
      try {
        return await this.#begin(`127.0.0.1:${port}`);
      } catch (error) {
        if (!/address already in use/i.test(this.#said.stderr)) throw error;
      }
    }
  }

  async #begin(listen: string) {
    this.#said = { stdout: "", stderr: "" };
    const args = ["--data-dir", "data", "serve", "--config", "stepmill.toml", "--listen", listen];
    const child = spawn(BINARY, args, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#said.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said.stderr += text;
    });
    const deadline = Date.now() + START_MS;
    while (!/^listening on /m.test(this.#said.stderr)) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`The host did not come up:\n${this.#said.stdout}${this.#said.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.url = this.#found("stderr", /^listening on (http:\S+)$/m);
  }

  #found(stream: "stdout" | "stderr", pattern: RegExp): string {
    const found = pattern.exec(this.#said[stream])?.[1];
    if (!found) throw new Error(`The host did not say ${pattern}:\n${this.#said[stream]}`);
    return found;
  }
}
