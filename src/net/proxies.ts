// Whether Deno's fetch would use a proxy for a host, and which (denoland/deno ext/fetch/proxy.rs).

import { hostCheck, parseAllowedHost } from "./allowed_hosts.ts";
import { type HostPort, withoutQuery } from "./addresses.ts";

/** Deno 2.4 uses the lower-case `http_proxy` for https: each counts for both. */
const proxyNames = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] as const;
const entriesMax = 1_000;

/** The proxy from the environment for requests to a host. */
export interface ProxyInUse {
  /** The environment variable that names it. */
  readonly variable: string;
  /** The value of the variable, without user and password. */
  readonly url: string;
  /** The target host. */
  readonly host: string;
}

/** The proxy that fetch uses for a URL; `undefined` if there is none, or the environment may not be read. */
export function proxyFor(
  url: string,
  readEnv: (name: string) => string | undefined = Deno.env.get,
): ProxyInUse | undefined {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isDirect({ host, port: Number(port) }, readEnv)) return undefined;
  try {
    const own = protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
    for (const variable of [own, own.toLowerCase(), "ALL_PROXY", "all_proxy"]) {
      const value = readEnv(variable) ?? "";
      if (value !== "") return { variable, url: withoutQuery(value.replace(/^[^/@]*@/, "")), host };
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** `the proxy http://10.0.0.1:3128 (HTTP_PROXY)`. */
export function proxyText({ variable, url }: ProxyInUse): string {
  return `the proxy ${url} (${variable})`;
}

/** What to do about a proxy that causes a problem; `undefined`: it is not from the environment, as far as known. */
export function proxyHint(status: number | undefined, proxy: ProxyInUse | undefined): string {
  const { variable = "HTTP_PROXY", host } = proxy ?? {};
  const past =
    `put ${host ?? "the host"} into NO_PROXY to bypass the proxy (names and addresses without a port; * does ` +
    "not cover addresses)";
  return status === 407
    ? `name its user in ${variable} (http://USER:PASSWORD@HOST:PORT), or ${past}`
    : `check ${variable}, or ${past}`;
}

/**
 * False if fetch may use a proxy. An unreadable variable counts as a proxy, and from NO_PROXY only what is certain
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
