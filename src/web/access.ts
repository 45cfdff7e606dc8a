// Who may send a request: its Host, Origin and token.

import type { Secret } from "../secret.ts";

/** Addresses of the listener. */
export interface HostRules {
  /** `http.listen`. */
  readonly listen: { readonly host: string; readonly port: number };
  /** `http.advertise`: a name, `name:port` or a URL. */
  readonly advertise?: string;
}

/**
 * Whether a Host header is one of ours. A page of another site can make a browser send requests to us under its own
 * name (DNS rebinding), so a name must be known; an address cannot be a rebound name and is allowed.
 */
export function isOurHost(hostHeader: string, rules: HostRules): boolean {
  const name = hostName(hostHeader);
  if (name === undefined) return false;
  if (name === "localhost" || isAddress(name)) return true;
  return [rules.listen.host, rules.advertise ?? ""].some((known) => hostName(known) === name);
}

/** Whether a request that changes something comes from a page of this site; programs send no Origin. */
export function isOurOrigin(origin: string | null, hostHeader: string): boolean {
  if (origin === null) return true;
  try {
    return new URL(origin).host === new URL(`http://${hostHeader}`).host;
  } catch {
    return false;
  }
}

/** Whether an Authorization header carries the token; in constant time. */
export async function isAuthorized(authorization: string | null, token: Secret): Promise<boolean> {
  const match = /^Bearer +([\x21-\x7e]{1,1000})$/i.exec(authorization ?? "");
  const wanted = token.reveal();
  if (match === null || wanted === "") return false;
  const [given, expected] = await Promise.all([digest(match[1] ?? ""), digest(wanted)]);
  return given.reduce((difference, byte, index) => difference | (byte ^ (expected[index] ?? 0)), 0) === 0;
}

/** The name in `name`, `name:port` or a URL, in lower case, without a trailing dot; `undefined` if there is none. */
function hostName(text: string): string | undefined {
  if (text === "" || /[\s@\\#?]/.test(text)) return undefined;
  try {
    const url = new URL(text.includes("://") ? text : `http://${bracketed(text)}`);
    return url.hostname.replace(/\.$/, "");
  } catch {
    return undefined;
  }
}

/** A bare IPv6 address, as `http.listen` may have it, in brackets. */
function bracketed(text: string): string {
  return /^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(text) ? `[${text}]` : text;
}

function isAddress(name: string): boolean {
  // URL has already normalized every spelling of an IPv4 address.
  return name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
