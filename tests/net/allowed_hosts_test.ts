// Hosts to which a redirect or ZooKeeper may lead.

import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { hostCheck, parseAllowedHost } from "../../src/net/allowed_hosts.ts";
import { type HostPort, parseHostPort } from "../../src/net/addresses.ts";

const configured: readonly HostPort[] = [{ host: "m1", port: 5050 }];

function allows(
  entries: readonly string[],
  host: string,
  whenEmpty: "configured-only" | "any" = "configured-only",
): boolean {
  const address = parseHostPort(host, 5050);
  if (!address.ok) throw new Error(`${host} is no host`);
  const read = entries.flatMap((entry) => parseAllowedHost(entry) ?? []);
  return hostCheck({ entries: read, configured, whenEmpty })(address.value);
}

const cases: readonly (readonly [entries: readonly string[], host: string, want: boolean])[] = [
  [[], "m1:5050", true],
  [[], "m1:6000", true],
  [[], "M1:5050", true],
  [[], "m2:5050", false],
  [["m2"], "m1:5050", true],
  [["m2"], "m2:5050", true],
  [["m2"], "m2:1234", true],
  [["M2"], "m2.", true],
  [["m2:5050"], "m2:5050", true],
  [["m2:5050"], "m2:5051", false],
  [["m2"], "m22", false],
  [["example.org"], "m2.example.org", false],
  [["10.0.0.0/24"], "10.0.0.255", true],
  [["10.0.0.0/24"], "10.0.1.0", false],
  [["10.0.0.77/24"], "10.0.0.1", true],
  [["10.0.0.0/0"], "1.2.3.4", true],
  [["10.0.0.0/0"], "[::1]:5050", false],
  [["10.0.0.0/32"], "10.0.0.0", true],
  [["10.0.0.0/33"], "10.0.0.0", false],
  [["10.0.0.0/8"], "ten.example.org", false],
  [["2001:db8::/32"], "[2001:DB8:1::1]:5050", true],
  [["2001:db8::/32"], "[2001:db9::1]:5050", false],
  [["::1"], "[0:0:0:0:0:0:0:1]:5050", true],
  [["[::1]:5050"], "[::1]:5051", false],
  [["10.0.0.0/24"], "[::ffff:10.0.0.5]:5050", true],
  [["", "/", "x y", "[zz]", "a/b", "10.0.0/8", "300.0.0.0/8"], "m2", false],
];

for (const [entries, host, want] of cases) {
  Deno.test(`allowed-hosts = ${JSON.stringify(entries)} ${want ? "allows" : "does not allow"} ${host}`, () => {
    assertEquals(allows(entries, host), want);
  });
}

Deno.test("with ZooKeeper an empty list allows any host, and another list only its hosts", () => {
  assertEquals(allows([], "m9", "any"), true);
  assertEquals(allows(["m2"], "m9", "any"), false);
});

Deno.test("a CIDR block allows exactly the addresses that share its first bits", () => {
  const addresses = fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const number = (text: string): number => text.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  fc.assert(fc.property(addresses, ([network, address, bits]) => {
    const size = 2 ** (32 - bits);
    const want = Math.floor(number(network) / size) === Math.floor(number(address) / size);
    assertEquals(allows([`${network}/${bits}`], address), want);
  }));
});
