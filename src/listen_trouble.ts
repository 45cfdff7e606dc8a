// Why `http.listen` cannot be used, in our words.

import { messageOf } from "./errors.ts";

/** What is wrong with an address to listen on. */
export interface ListenTrouble {
  /** A stable literal, such as `http-port-in-use`. */
  readonly code: string;
  /** Names the key, the address and the reason. */
  readonly message: string;
  /** The operator's next step. */
  readonly hint: string;
}

/** What an attempt to listen threw. */
export function listenTrouble(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): ListenTrouble {
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const [code, hint, reason = messageOf(cause)] = kindOf(cause);
  return { code, message: `cannot listen on http.listen = "${place}": ${reason}`, hint };
}

function kindOf(cause: unknown): readonly [code: string, hint: string, reason?: string] {
  if (cause instanceof Deno.errors.AddrInUse) {
    const hint = "set http.listen to a free port, or stop the program that uses it";
    return ["http-port-in-use", hint, "another program uses this port"];
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    const hint = "set http.listen to an address of this machine, e.g. 127.0.0.1:8090";
    return ["http-address-unknown", hint, "this machine has no such address"];
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return ["http-not-permitted", "start with 'deno task start', which permits exactly the address of http.listen"];
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    const hint = "set http.listen to a port from 1024 on, or allow the user to listen on lower ones";
    return ["http-not-permitted", hint, "this user may not listen there"];
  }
  return ["http-listen-failed", 'set http.listen to another address, or to "off"'];
}
