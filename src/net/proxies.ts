// Whether Deno's fetch would use a proxy for a host (denoland/deno ext/fetch/proxy.rs).

import { hostCheck, parseAllowedHost } from "./allowed_hosts.ts";
import type { HostPort } from "./addresses.ts";

/** Deno 2.4 uses the lower-case `http_proxy` for https: each counts for both. */
const proxyNames = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] as const;
const entriesMax = 1_000;

/**
 * False if fetch may use a proxy. An unreadable variable counts as a proxy, and of NO_PROXY only what is certain
 * counts: a host wrongly considered direct would never be reached.
 */
export function isDirect(
  { host, port }: HostPort,
  readEnv: (name: string) => string | undefined = Deno.env.get,
): boolean {
  try {
    if (proxyNames.every((name) => (readEnv(name) ?? "") === "")) return true;
    const entries = (readEnv("NO_PROXY") ?? readEnv("no_proxy") ?? "").split(",", entriesMax).map((entry) =>
      entry.trim()
    );
    const isIp = host.includes(":") || /^[\d.]+$/.test(host);
    return isIp
      ? hostCheck({
        entries: entries.filter((entry) => /^[\d.]+(\/\d+)?$|^[\da-f.]*:[\da-f:.]*:[\da-f:.]*(\/\d+)?$/i.test(entry))
          .flatMap((entry) => parseAllowedHost(entry) ?? []),
        configured: [],
        whenEmpty: "configured-only",
      })({ host, port })
      : entries.some((entry) => entry === "*" || covers(entry.replace(/^\./, ""), host));
  } catch {
    return false;
  }
}

function covers(domain: string, host: string): boolean {
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}
