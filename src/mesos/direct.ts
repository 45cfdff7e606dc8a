// Whether connections of our own may stand in for those of fetch. Not here: making them (plain_post.ts).
// Called by http_scheduler.ts.

import type { Connect } from "./plain_post.ts";

/** What makes fetch go by way of a proxy to a host of `http:` (deno ext/fetch/proxy.rs). */
const proxyNames = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] as const;

/**
 * `Deno.connect`; nothing where fetch may go by way of a proxy. A variable that may not be read counts as one: fetch sees
 * it all the same.
 */
export function directConnect(readEnv: (name: string) => string | undefined = Deno.env.get): Connect | undefined {
  try {
    return proxyNames.some((name) => (readEnv(name) ?? "") !== "") ? undefined : Deno.connect;
  } catch {
    return undefined;
  }
}
