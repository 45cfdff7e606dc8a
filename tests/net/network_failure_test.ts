// Classification of requests without a response, and the hints about a master. The texts are those of Deno 2.4.2 and
// 2.9.6 against real servers (openssl s_server, Deno.serve), reduced to their differences.

import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { networkHints } from "../../src/mesos/network_problems.ts";
import { brokenHint, networkFailure } from "../../src/net/network_failure.ts";

const url = "https://m1:5050/api/v1/scheduler";
const peer = "client error (Connect): invalid peer certificate: ";

const problems: readonly (readonly [said: string, what: string, hint: string])[] = [
  [`${peer}UnknownIssuer`, "not signed by a known authority", "mesos.ca-file"],
  [`${peer}Other(OtherError(CaUsedAsEndEntity))`, "CA:TRUE", "CA:FALSE"],
  [
    `${peer}certificate not valid for name "m1"; certificate is only valid for DnsName("m2")`,
    "another host name",
    "mesos-master",
  ],
  [
    `${peer}certificate expired: verification time 1795421782 (UNIX), but certificate is not valid after 1609459200`,
    "has expired or is not valid yet",
    "clocks",
  ],
  [
    `${peer}certificate not valid yet: verification time 1795421782 (UNIX), but certificate is not valid before 2208988800`,
    "has expired or is not valid yet",
    "clocks",
  ],
  [
    `${peer}Other(OtherError(UnsupportedCertVersion))`,
    "TLS failed (Other(OtherError(UnsupportedCertVersion)))",
    "mesos.ca-file",
  ],
  [
    "client error (SendRequest): connection error: received fatal alert: CertificateRequired",
    "aborted the TLS handshake",
    "LIBPROCESS_SSL_REQUIRE_CLIENT_CERT",
  ],
  [
    "client error (Connect): received fatal alert: HandshakeFailure",
    "no cipher that gocd-mesos accepts",
    "LIBPROCESS_SSL_CIPHERS of the masters to ECDHE ciphers",
  ],
  ["client error (Connect): received fatal alert: ProtocolVersion", "TLS version", "LIBPROCESS_SSL_ENABLE_TLS_V1_2"],
  ["client error (Connect): received corrupt message of type InvalidContentType", "does not use TLS", "http://"],
];

for (const [said, what, hint] of problems) {
  Deno.test(`"${said.split(": ").at(-1)}" has an explanation and a hint`, () => {
    // 2.4 says it in one text, 2.9 in the cause.
    const text = `error sending request for url (${url}): ${said}`;
    for (const failure of [new TypeError(text), new TypeError("fetch failed", { cause: new Error(text) })]) {
      const { kind, what: said } = networkFailure(failure, url);
      assertStringIncludes(said, what);
      assertStringIncludes(networkHints[kind], hint);
      assertNotEquals(kind, "not-permitted");
    }
  });
}

Deno.test("the hint for a broken connection mentions TLS only for http://", () => {
  assertEquals(brokenHint("https://m:5050/", "look there"), "look there");
  assertEquals(
    brokenHint("http://m:5050/", "look there"),
    "look there; if it never works, the port may be one of TLS (https://)",
  );
});
