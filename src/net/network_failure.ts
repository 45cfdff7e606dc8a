// Classifies what fetch and node:net throw for requests without a response; matches the texts of Deno 2.4 to 2.9
// (hyper, rustls, node:net). Each edge adds what the operator can do.

import { oneLine } from "../core/text.ts";
import { withoutSystemNumbers } from "../errors.ts";
import { proxyFor, proxyHint, type ProxyInUse, proxyText } from "./proxies.ts";

/** The kinds of failures. */
export type NetworkFailureKind =
  /** Deno does not permit the host: only another configuration or command line helps. */
  | "not-permitted"
  | TlsFailureKind
  | "unknown-host"
  | "refused"
  | "blocked-port"
  | "proxy"
  | "not-http"
  | "no-route"
  | "timed-out"
  | "lost"
  | "other";

/** Those of TLS. */
export type TlsFailureKind =
  | "no-tls"
  | "other-name"
  | "not-valid-now"
  | "authority-as-server"
  | "unknown-authority"
  | "handshake-aborted"
  | "no-common-ciphers"
  | "no-common-tls"
  | "tls";

/** A failure in words. */
export interface NetworkFailure {
  readonly kind: NetworkFailureKind;
  /** A clause after `http://host:port: `, such as `the connection was refused`. */
  readonly what: string;
  /** The next step if a proxy from the environment is used; absent: the edge derives it from the kind. */
  readonly hint?: string;
}

/** The hint for a connection that broke: a TLS-only server closes connections without TLS. */
export function brokenHint(url: string, otherwise: string): string {
  return url.startsWith("http:") ? `${otherwise}; if it never works, the port may be one of TLS (https://)` : otherwise;
}

/**
 * Classifies what `fetch` or `node:net` threw; `url` is removed from its text. If a proxy from the environment is used,
 * any failure before TLS was at the proxy.
 */
export function networkFailure(failure: unknown, url: string): NetworkFailure {
  if (failure instanceof Deno.errors.NotCapable) {
    const host = /net access to "([^"]+)"/.exec(failure.message)?.[1] ?? "this host";
    return { kind: "not-permitted", what: `this program was started without permission to connect to ${host}` };
  }
  const text = url === "" ? textOf(failure) : textOf(failure).replaceAll(url, "");
  const detail = oneLine(withoutSystemNumbers(text.slice(text.lastIndexOf(": ") + 1)));
  for (const [pattern, kind, what] of kinds) {
    if (!pattern.test(text)) continue;
    const proxy = url === "" ? undefined : proxyFor(url);
    if (proxy !== undefined && atProxy.has(kind)) return failureAtProxy(proxy, kind === "proxy" ? detail : what);
    return { kind, what: kind === "tls" ? `${what} (${detail})` : what };
  }
  return { kind: "other", what: `it failed (${detail})` };
}

const atProxy: ReadonlySet<NetworkFailureKind> = new Set([
  "unknown-host",
  "refused",
  "proxy",
  "not-http",
  "no-route",
  "timed-out",
  "lost",
]);

function failureAtProxy(proxy: ProxyInUse, what: string): NetworkFailure {
  return { kind: "proxy", what: `${what}, through ${proxyText(proxy)}`, hint: proxyHint(undefined, proxy) };
}

// The first match counts.
const kinds: readonly (readonly [pattern: RegExp, kind: NetworkFailureKind, what: string])[] = [
  [/corrupt message|InvalidContentType|unrecognized name/i, "no-tls", "the server does not use TLS on this port"],
  [/NotValidForName|not valid for/i, "other-name", "the certificate is for another host name"],
  [/Expired|NotValidYet|not valid yet/i, "not-valid-now", "the certificate has expired or is not valid yet"],
  [
    /CaUsedAsEndEntity/i,
    "authority-as-server",
    "the certificate is that of a certificate authority (CA:TRUE), which is not accepted for a server",
  ],
  [/UnknownIssuer|BadSignature/i, "unknown-authority", "the certificate is not signed by a known authority"],
  // Up to TLS 1.2 also for a missing client certificate.
  [
    /alert: HandshakeFailure/i,
    "no-common-ciphers",
    "the server aborted the TLS handshake: it may have no cipher that gocd-mesos accepts",
  ],
  [
    /alert: (CertificateRequired|BadCertificate|NoCertificate|AccessDenied)/i,
    "handshake-aborted",
    "the server aborted the TLS handshake",
  ],
  [
    /ProtocolVersion|peer is incompatible/i,
    "no-common-tls",
    "there is no TLS version that both sides support",
  ],
  [/certificate|handshake|\btls\b|fatal alert/i, "tls", "TLS failed"],
  [
    /dns error|lookup address|name or service not known|ENOTFOUND|EAI_/i,
    "unknown-host",
    "the host name cannot be resolved",
  ],
  [/connection refused|os error 111|ECONNREFUSED/i, "refused", "the connection was refused"],
  [/are blocked/i, "blocked-port", "this port is not allowed for HTTP"],
  [/proxy|tunnel/i, "proxy", "the proxy refused or failed"],
  [/invalid HTTP|http version|parse/i, "not-http", "the server does not use HTTP on this port"],
  [
    /unreachable|no route|host is down|EHOSTUNREACH|ENETUNREACH/i,
    "no-route",
    "there is no network route to the host",
  ],
  [/timed out|timeout|ETIMEDOUT/i, "timed-out", "the connection timed out"],
  [
    /reset|closed|broken pipe|EPIPE|ECONNABORTED|unexpected e|incomplete|error reading|decod/i,
    "lost",
    "the connection broke",
  ],
];

// Deno 2.9 says "fetch failed" and has the reason in `cause`.
const causesMax = 5;

function textOf(failure: unknown): string {
  const texts: string[] = [];
  let error: unknown = failure;
  for (let depth = 0; depth < causesMax && error instanceof Error; depth++) {
    texts.push(error.message);
    error = error.cause;
  }
  return texts.length === 0 ? String(failure) : texts.join(": ");
}
