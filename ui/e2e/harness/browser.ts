/** Pages that tell of everything that must not happen on them. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Host } from "./host";

export const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export interface PageOptions {
  /** Whose token logs it in; `null` for nobody's. */
  token?: string | null;
  theme?: "light" | "dark";
  viewport?: { width: number; height: number };
}

/** What happened on pages that must not: errors, violations of the policy, requests to elsewhere, dialogs. */
export class Watch {
  readonly complaints: string[] = [];
  /** Everything that pages said, for who looks into a failure. */
  readonly log: string[] = [];
  #allowed: RegExp[] = [];

  /** Lets happen what a test provokes. */
  allow(pattern: RegExp) {
    this.#allowed.push(pattern);
  }

  complain(text: string) {
    this.log.push(text);
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }

  async follow(context: BrowserContext, host: Host) {
    await context.exposeBinding("stepmillViolated", (_, text: string) => this.complain(`policy: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        const told = (window as unknown as { stepmillViolated?: (text: string) => void }).stepmillViolated;
        told?.(`${event.violatedDirective} by ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on("page", (page) => this.#watch(page));
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && origin !== new URL(host.url).origin) {
        this.complain(`request to elsewhere: ${request.url()}`);
      }
    });
  }

  #watch(page: Page) {
    page.on("pageerror", (error) => this.complain(`error: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      this.log.push(`${message.type()}: ${message.text()}`);
      if (message.type() === "error") {
        this.complain(`console: ${message.text()} (${message.location().url})`);
      }
    });
    page.on("dialog", (dialog) => {
      this.complain(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }
}

/** A page in a context of its own, logged in. It shows nothing yet. */
export async function openPage(
  browser: Browser,
  host: Host,
  watch: Watch,
  { token = host.token, theme = "light", viewport = DESKTOP }: PageOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    baseURL: host.url,
    viewport,
    colorScheme: theme,
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
  });
  context.setDefaultTimeout(10_000);
  await watch.follow(context, host);
  if (token !== null) {
    const answered = await context.request.post("/api/v1/session", { data: { token } });
    if (!answered.ok()) throw new Error(`The login was refused: ${await answered.text()}`);
  }
  return context.newPage();
}
