// Errors for requests without a response: unknown host, connection refused, TLS, timeout, missing permission. Matches
// the texts of Deno 2.4 to 2.9 (reqwest, hyper, rustls).

import type { GocdProblem } from "../core/event.ts";
import { GocdError } from "./api.ts";
import { type GocdCall, oneLine } from "./problems.ts";

/** How the request was made, as far as it explains its failure. */
export interface AttemptDetail {
  /** `go-server.timeout` in ms. */
  readonly timeoutMs: number;
  /** `go-server.insecure`. */
  readonly insecure: boolean;
  /** Whether the time was up, and not the caller who gave up. */
  readonly isTimeout: boolean;
  /** Whether the caller gave up. */
  readonly isAborted: boolean;
}

type Described = Pick<GocdProblem, "code" | "kind" | "hint"> & { readonly what: string };

/** Makes the error of a request that failed without an answer, or while its answer was read. */
export function networkError(call: GocdCall, failure: unknown, detail: AttemptDetail): GocdError {
  const { what, ...described } = describe(call, failure, detail);
  return new GocdError({ ...described, message: `${call.method} ${call.url}: ${what}` }, failure);
}

function describe(call: GocdCall, failure: unknown, detail: AttemptDetail): Described {
  if (detail.isAborted) {
    return unreachable(
      "gocd-aborted",
      "given up, because the program stops or the answer is no longer wanted",
      "nothing to do",
    );
  }
  if (detail.isTimeout) {
    const seconds = Math.round(detail.timeoutMs / 100) / 10;
    return unreachable(
      "gocd-timeout",
      `no complete answer within ${seconds} s`,
      "see why GoCD is slow, or raise go-server.timeout",
    );
  }
  if (failure instanceof Deno.errors.NotCapable) return notPermitted(failure.message);
  const text = textOf(failure);
  return certificateFault(text, detail) ?? connectionFault(call, text);
}

function notPermitted(message: string): Described {
  const host = /net access to "([^"]+)"/.exec(message)?.[1] ?? "this host";
  return {
    code: "gocd-not-permitted",
    kind: "refused",
    what: `this program was started without permission to reach ${host}`,
    hint: `start it again, so that go-server.url decides what is permitted (deno task start), or permit ${host}`,
  };
}

function certificateFault(text: string, detail: AttemptDetail): Described | undefined {
  if (/corrupt message|InvalidContentType|unrecognized name/i.test(text)) {
    return unreachable(
      "gocd-tls",
      "the server does not speak TLS on this port",
      "is it http:// instead of https:// in go-server.url?",
    );
  }
  if (!/certificate|UnknownIssuer|handshake|\btls\b|fatal alert|peer is incompatible/i.test(text)) return undefined;
  if (detail.insecure) {
    return unreachable(
      "gocd-tls",
      "the certificate was refused although go-server.insecure is set: this Deno was started without the switch for it",
      "start with deno task start, or add --unsafely-ignore-certificate-errors=HOST; better: go-server.ca-file",
    );
  }
  if (/NotValidForName|not valid for/i.test(text)) {
    return unreachable(
      "gocd-tls",
      "the certificate is for another host name",
      "use the name of the certificate in go-server.url",
    );
  }
  if (/Expired|NotValidYet|not valid yet/i.test(text)) {
    return unreachable("gocd-tls", "the certificate has expired or is not valid yet", "renew it, or check the clocks");
  }
  if (/CaUsedAsEndEntity/i.test(text)) {
    return unreachable(
      "gocd-tls",
      "the certificate is that of a certificate authority (CA:TRUE), which is not taken for a server's",
      "give the server one with CA:FALSE, signed by an authority or by itself, and name the signer in go-server.ca-file",
    );
  }
  if (/alert: (CertificateRequired|HandshakeFailure|BadCertificate|NoCertificate|AccessDenied)/i.test(text)) {
    return unreachable(
      "gocd-tls",
      "the server has broken the TLS handshake off",
      "does it, or a proxy before it, want certificates of its clients? gocd-mesos has none",
    );
  }
  if (/ProtocolVersion|peer is incompatible/i.test(text)) {
    return unreachable(
      "gocd-tls",
      "there is no version of TLS that both sides speak",
      "let the server speak TLS 1.2 or 1.3",
    );
  }
  return unreachable(
    "gocd-tls",
    "the certificate is not signed by a known authority",
    "name its certificate authority in go-server.ca-file (for a self-signed certificate, itself)",
  );
}

const connectionFaults: readonly (readonly [pattern: RegExp, code: string, what: string, hint: string])[] = [
  [
    /dns error|lookup address|name or service not known/i,
    "gocd-dns",
    "the host name is not known",
    "check go-server.host or .url, and DNS",
  ],
  [
    /connection refused|os error 111/i,
    "gocd-connection-refused",
    "the connection was refused",
    "check host and port in go-server, and that GoCD runs",
  ],
  [/are blocked/i, "gocd-bad-port", "this port is not allowed for HTTP", "check the port in go-server.url"],
  [/proxy|tunnel/i, "gocd-proxy", "the proxy gave no way", "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"],
  [
    /invalid HTTP|http version|parse/i,
    "gocd-not-http",
    "the server does not speak HTTP on this port",
    "is it https:// instead of http:// in go-server.url?",
  ],
  [
    /unreachable|no route|host is down/i,
    "gocd-unreachable",
    "there is no network route to the host",
    "check the network and go-server.host",
  ],
  [/timed out|timeout/i, "gocd-timeout", "the connection timed out", "check the network, firewalls and go-server.host"],
  [
    /reset|closed|broken pipe|unexpected e|incomplete|error reading|decod/i,
    "gocd-connection-lost",
    "the connection broke before the whole answer came",
    "look for restarts of GoCD or a proxy that cuts connections",
  ],
];

function connectionFault(call: GocdCall, text: string): Described {
  for (const [pattern, code, what, hint] of connectionFaults) {
    if (pattern.test(text.replaceAll(call.url, ""))) return unreachable(code, what, hint);
  }
  const last = oneLine(text.slice(text.lastIndexOf(": ") + 1));
  return unreachable(
    "gocd-unreachable",
    `it failed (${last})`,
    "check go-server.url, and that GoCD can be reached from here",
  );
}

function unreachable(code: string, what: string, hint: string): Described {
  return { code, kind: "unreachable", what, hint };
}

const causesMax = 5;

/** The messages of an error and of its causes: Deno 2.9 says "fetch failed" and has the reason in `cause`. */
function textOf(failure: unknown): string {
  const texts: string[] = [];
  let error: unknown = failure;
  for (let depth = 0; depth < causesMax && error instanceof Error; depth++) {
    texts.push(error.message);
    error = error.cause;
  }
  return texts.join(": ");
}
