// Errors for requests to a master without a response: unknown host, connection refused, TLS, missing permission.
// Matches the texts of Deno 2.4 to 2.9 (hyper, rustls, node:net).

/** What went wrong, as a clause behind `http://host:port: `, and the operator's next act. */
export interface NetworkProblem {
  /** `the connection was refused`. */
  readonly what: string;
  /** One sentence without a full stop. */
  readonly hint: string;
  /** Deno does not permit the host: only a change of configuration or command line helps. */
  readonly isPermission: boolean;
}

/** Puts a failure of `fetch` into words; `url` is taken out of its text. */
export function networkProblem(failure: unknown, url: string): NetworkProblem {
  if (failure instanceof Deno.errors.NotCapable) {
    const host = /net access to "([^"]+)"/.exec(failure.message)?.[1] ?? "this host";
    return {
      what: `this program was started without permission to reach ${host}`,
      hint:
        `put the host into mesos-master or mesos.allowed-hosts and start with deno task start, or permit ${host} yourself`,
      isPermission: true,
    };
  }
  const text = textOf(failure).replaceAll(url, "");
  for (const [pattern, what, hint] of problems) {
    if (pattern.test(text)) {
      return { what: what === tlsFailed ? `${what} (${lastPart(text)})` : what, hint, isPermission: false };
    }
  }
  return {
    what: `it failed (${lastPart(text)})`,
    hint: "check mesos-master, and that the master can be reached from here",
    isPermission: false,
  };
}

const restart = "the connection is made again by itself; look for a restart of the master or a proxy in between";

const tlsFailed = "TLS failed";

// The first that fits counts.
const problems: readonly (readonly [pattern: RegExp, what: string, hint: string])[] = [
  [
    /corrupt message|InvalidContentType|unrecognized name/i,
    "the server does not speak TLS on this port",
    "write http:// instead of https:// in mesos-master, or remove mesos.ca-file",
  ],
  [
    /NotValidForName|not valid for/i,
    "the certificate is for another host name",
    "use the name of the certificate in mesos-master",
  ],
  [
    /certificate.*expired|Expired|NotValidYet|not valid yet/i,
    "the certificate has expired or is not valid yet",
    "renew it, or check the clocks",
  ],
  [
    /CaUsedAsEndEntity/i,
    "the certificate is that of a certificate authority (CA:TRUE), which is not taken for a server's",
    "give the server one with CA:FALSE, signed by an authority or by itself, and name the signer in mesos.ca-file",
  ],
  [
    /UnknownIssuer|BadSignature/i,
    "the certificate is not signed by a known authority",
    "name its certificate authority in mesos.ca-file",
  ],
  [
    /alert: (CertificateRequired|HandshakeFailure|BadCertificate|NoCertificate|AccessDenied)/i,
    "the server has broken the TLS handshake off",
    "does it want certificates of its clients (LIBPROCESS_SSL_REQUIRE_CLIENT_CERT)? gocd-mesos has none; " +
    "otherwise compare its ciphers with TLS 1.2 and 1.3",
  ],
  [
    /ProtocolVersion|peer is incompatible/i,
    "there is no version of TLS that both sides speak",
    "let the server speak TLS 1.2 or 1.3 (LIBPROCESS_SSL_ENABLE_TLS_V1_2)",
  ],
  [/certificate|handshake|\btls\b|fatal alert/i, tlsFailed, "check the certificate of the server and mesos.ca-file"],
  [
    /dns error|lookup address|name or service not known|ENOTFOUND|EAI_/i,
    "the host name is not known",
    "check mesos-master, and DNS",
  ],
  [
    /connection refused|os error 111|ECONNREFUSED/i,
    "the connection was refused",
    "check host and port in mesos-master, and that the master runs",
  ],
  [/are blocked/i, "this port is not allowed for HTTP", "check the port in mesos-master"],
  [/proxy|tunnel/i, "the proxy gave no way", "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"],
  [
    /invalid HTTP|http version|parse/i,
    "the server does not speak HTTP on this port",
    "check host and port in mesos-master; is it https:// instead of http://?",
  ],
  [
    /unreachable|no route|host is down|EHOSTUNREACH|ENETUNREACH/i,
    "there is no network route to the host",
    "check the network and mesos-master",
  ],
  [/timed out|timeout|ETIMEDOUT/i, "the connection timed out", "check the network, firewalls and mesos-master"],
  [
    /reset|closed|broken pipe|EPIPE|ECONNABORTED|unexpected e|incomplete|error reading|decod/i,
    "the connection broke",
    restart,
  ],
];

// Deno 2.9 says "fetch failed" and has the reason in `cause`.
const causesMax = 5;
const textMax = 200;

function textOf(failure: unknown): string {
  const texts: string[] = [];
  let error: unknown = failure;
  for (let depth = 0; depth < causesMax && error instanceof Error; depth++) {
    texts.push(error.message);
    error = error.cause;
  }
  return texts.length === 0 ? String(failure) : texts.join(": ");
}

function lastPart(text: string): string {
  return text.slice(text.lastIndexOf(": ") + 1).replace(/\s+/g, " ").trim().slice(0, textMax);
}
