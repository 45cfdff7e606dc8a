// Explanations of TLS failures. The texts are those of Deno 2.4.2 and 2.9.6 (see tests/net/network_failure_test.ts).

import { assertEquals, assertStringIncludes } from "@std/assert";
import { networkError } from "../../src/gocd/network_problems.ts";
import type { GocdCall } from "../../src/gocd/problems.ts";

const call = { method: "GET", url: "https://gocd:8154/go/api/version" } as GocdCall;
const detail = { timeoutMs: 10_000, insecure: false, isTimeout: false, isAborted: false };
const peer = "client error (Connect): invalid peer certificate: ";

const problems: readonly (readonly [said: string, what: string, hint: string])[] = [
  [`${peer}UnknownIssuer`, "not signed by a known authority", "go-server.ca-file"],
  [`${peer}Other(OtherError(CaUsedAsEndEntity))`, "CA:TRUE", "CA:FALSE"],
  [
    `${peer}certificate not valid for name "gocd"; certificate is only valid for DnsName("m2")`,
    "another host name",
    "go-server.url",
  ],
  [`${peer}certificate expired: verification time 1795421782 (UNIX)`, "has expired or is not valid yet", "clocks"],
  [`${peer}certificate not valid yet: verification time 1795421782 (UNIX)`, "expired or is not valid yet", "clocks"],
  [
    "client error (SendRequest): connection error: received fatal alert: CertificateRequired",
    "aborted the TLS handshake",
    "require client certificates",
  ],
  [
    "client error (Connect): received fatal alert: HandshakeFailure",
    "no cipher that gocd-mesos accepts",
    "enable ECDHE ciphers",
  ],
  ["client error (Connect): received fatal alert: ProtocolVersion", "TLS version", "TLS 1.2 or 1.3"],
  ["client error (Connect): received corrupt message of type InvalidContentType", "does not use TLS", "http://"],
];

for (const [said, what, hint] of problems) {
  Deno.test(`GoCD: "${said.split(": ").at(-1)}" has an explanation and a hint`, () => {
    const { problem } = networkError(
      call,
      new TypeError(`error sending request for url (${call.url}): ${said}`),
      detail,
    );
    assertEquals([problem.code, problem.kind], ["gocd-tls", "unreachable"]);
    assertStringIncludes(problem.message, what);
    assertStringIncludes(problem.hint, hint);
  });
}
