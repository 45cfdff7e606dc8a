// Errors for requests without a response, with hints that name the keys of go-server.

import type { GocdProblem } from "../core/event.ts";
import { brokenHint, networkFailure, type NetworkFailureKind, type TlsFailureKind } from "../net/network_failure.ts";
import { GocdError } from "./api.ts";
import type { GocdCall } from "./problems.ts";

/** The details of the request that may explain its failure. */
export interface AttemptDetail {
  /** `go-server.timeout` in ms. */
  readonly timeoutMs: number;
  /** `go-server.insecure`. */
  readonly insecure: boolean;
  /** Whether the time limit was exceeded. */
  readonly isTimeout: boolean;
  /** Whether the caller aborted it. */
  readonly isAborted: boolean;
}

type Described = Pick<GocdProblem, "code" | "hint"> & { readonly what: string };

/** Creates the error for a request that failed without an answer, or while its answer was read. */
export function networkError(call: GocdCall, failure: unknown, detail: AttemptDetail): GocdError {
  const { what, code, hint } = describe(call, failure, detail);
  const kind = code === "gocd-not-permitted" ? "refused" : "unreachable";
  return new GocdError({ code, kind, hint, message: `${call.method} ${call.url}: ${what}` }, failure);
}

function describe(call: GocdCall, failure: unknown, detail: AttemptDetail): Described {
  if (detail.isAborted) {
    const what = "aborted, because the program is stopping or the response is no longer needed";
    return { code: "gocd-aborted", what, hint: "nothing to do" };
  }
  if (detail.isTimeout) {
    const seconds = Math.round(detail.timeoutMs / 100) / 10;
    const hint = "check why GoCD is slow, or raise go-server.timeout";
    return { code: "gocd-timeout", what: `no complete response within ${seconds} s`, hint };
  }
  const { kind, what, hint: own } = networkFailure(failure, call.url);
  if (!isTls(kind)) {
    const [code, hint] = connectionHints[kind];
    return { code, what, hint: own ?? (kind === "lost" ? brokenHint(call.url, hint) : hint) };
  }
  if (detail.insecure && kind !== "no-tls") {
    return {
      code: "gocd-tls",
      what: "the certificate was rejected although go-server.insecure is set: Deno was started without the flag for it",
      hint: "start with deno task start, or add --unsafely-ignore-certificate-errors=HOST; better: go-server.ca-file",
    };
  }
  return { code: "gocd-tls", what, hint: tlsHints[kind] };
}

function isTls(kind: NetworkFailureKind): kind is TlsFailureKind {
  return Object.hasOwn(tlsHints, kind);
}

const tlsHints: Readonly<Record<TlsFailureKind, string>> = {
  "no-tls": "should go-server.url begin with http:// instead of https://?",
  "other-name": "use the name of the certificate in go-server.url",
  "not-valid-now": "renew it, or check the clocks",
  "authority-as-server":
    "use one with CA:FALSE, signed by an authority or self-signed, and name the signer in go-server.ca-file",
  "unknown-authority":
    "name its certificate authority in go-server.ca-file (for a self-signed certificate, the certificate itself)",
  "handshake-aborted":
    "does it, or a proxy in front of it, require client certificates? gocd-mesos does not support them",
  "no-common-ciphers":
    "enable ECDHE ciphers, or TLS 1.3, on the server or the proxy in front of it; gocd-mesos does not support client " +
    "certificates",
  "no-common-tls": "enable TLS 1.2 or 1.3 on the server",
  "tls": "check the certificate of the server and go-server.ca-file",
};

const connectionHints: Readonly<
  Record<Exclude<NetworkFailureKind, TlsFailureKind>, readonly [code: string, hint: string]>
> = {
  "not-permitted": [
    "gocd-not-permitted",
    "start it again, so that go-server.url decides what is permitted (deno task start), or permit this host yourself",
  ],
  "unknown-host": ["gocd-dns", "check go-server.host or .url, and DNS"],
  "refused": ["gocd-connection-refused", "check host and port in go-server, and that GoCD is running"],
  "blocked-port": ["gocd-bad-port", "check the port in go-server.url"],
  "proxy": ["gocd-proxy", "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"],
  "not-http": ["gocd-not-http", "should go-server.url begin with https:// instead of http://?"],
  "no-route": ["gocd-unreachable", "check the network and go-server.host"],
  "timed-out": ["gocd-timeout", "check the network, firewalls and go-server.host"],
  "lost": ["gocd-connection-lost", "look for restarts of GoCD or a proxy that cuts connections"],
  "other": ["gocd-unreachable", "check go-server.url, and that GoCD is reachable from here"],
};
