/**
 * The page's only way to load a script by its address, for workers. The content security policy of the host refuses
 * every other one (Trusted Types).
 */

const ours = (address: string): string => {
  const url = new URL(address, window.location.href);
  if (url.origin !== window.location.origin) {
    throw new TypeError(`no script of ours is at ${url.origin}`);
  }
  return url.href;
};

interface Policy {
  createScriptURL: (address: string) => unknown;
}

interface TrustedTypes {
  createPolicy: (name: string, rules: { createScriptURL: (address: string) => string }) => Policy;
}

const factory = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
const policy: Policy = factory?.createPolicy("stepmill", { createScriptURL: ours }) ?? {
  createScriptURL: ours,
};

/** An address of a script of ours, as something that a `Worker` takes. */
export function scriptUrl(address: string): string {
  return policy.createScriptURL(address) as string;
}
