// Hosts in the znode of a leading master. Reading the znode: zookeeper_test.ts.

import { assertEquals } from "@std/assert";
import type { HostPort } from "../../src/net/addresses.ts";
import { hostsInMasterInfo } from "../../src/mesos/master_znode.ts";

function hostsIn(info: unknown): readonly HostPort[] {
  return hostsInMasterInfo(JSON.stringify(info));
}

Deno.test("the host name precedes the address, each once and in lower case", () => {
  const address = { hostname: "Master1", ip: "10.0.0.1", port: 5050 };
  assertEquals(hostsIn({ address, hostname: "master1", port: 5050 }), [
    { host: "master1", port: 5050 },
    { host: "10.0.0.1", port: 5050 },
  ]);
  assertEquals(hostsIn({ address: { hostname: "fe80::1", ip: "[fe80::2]", port: 1 } }), [
    { host: "fe80::1", port: 1 },
    { host: "fe80::2", port: 1 },
  ]);
});

// Each of them once went into a URL as it was: it led elsewhere, or ended the program with a bare TypeError.
const noHosts: readonly string[] = [
  "a b",
  "evil/path?",
  "user:password@evil",
  "good:80",
  "[good]",
  "line\nfeed",
  "\u001b[2J",
  "x".repeat(300),
  "",
];
for (const host of noHosts) {
  Deno.test(`${JSON.stringify(host.slice(0, 20))} is refused as the host of a master`, () => {
    assertEquals(hostsIn({ address: { hostname: host, ip: host, port: 5050 }, hostname: host, port: 5050 }), []);
  });
}
