// Parsing of addresses: `mesos-master`, hosts and ports, base URLs.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "../support/properties.ts";
import {
  addressUrl,
  hostPortText,
  type Masters,
  mastersText,
  parseHostPort,
  parseMasters,
  parseServerUrl,
  serverUrlText,
} from "../../src/net/addresses.ts";
import type { Secret } from "../../src/secret.ts";
import { mastersAt, refusalOf, serverAt } from "../support/addresses.ts";

function http(...hosts: readonly (readonly [string, number])[]): Masters {
  return { kind: "static", addresses: hosts.map(([host, port]) => ({ scheme: "http", host, port })) };
}

const good: readonly (readonly [string, Masters])[] = [
  ["mesos-master:5050", http(["mesos-master", 5050])],
  ["mesos-master", http(["mesos-master", 5050])],
  ["10.0.0.1:15050", http(["10.0.0.1", 15050])],
  [" M1:5051 , m2,\tm3:5053,", http(["m1", 5051], ["m2", 5050], ["m3", 5053])],
  ["[::1]:5050", http(["::1", 5050])],
  ["[2001:DB8::1]", http(["2001:db8::1", 5050])],
  ["::1", http(["::1", 5050])],
  ["http://m1", http(["m1", 80])],
  ["http://m1:5050/", http(["m1", 5050])],
  ["https://m1", { kind: "static", addresses: [{ scheme: "https", host: "m1", port: 443 }] }],
  [
    "https://[::1]:5050,m2",
    {
      kind: "static",
      addresses: [{ scheme: "https", host: "::1", port: 5050 }, { scheme: "http", host: "m2", port: 5050 }],
    },
  ],
  [
    "zk://h1:2181,h2:2182/mesos",
    { kind: "zookeeper", servers: [{ host: "h1", port: 2181 }, { host: "h2", port: 2182 }], path: "/mesos" },
  ],
  ["zk://h1/mesos/prod/", { kind: "zookeeper", servers: [{ host: "h1", port: 2181 }], path: "/mesos/prod" }],
  ["ZK://[::1]:2181/m", { kind: "zookeeper", servers: [{ host: "::1", port: 2181 }], path: "/m" }],
  [
    "zk://user:p@ss:w/rd@h1:2181/mesos",
    { kind: "zookeeper", servers: [{ host: "h1", port: 2181 }], path: "/mesos" },
  ],
];

for (const [text, want] of good) {
  Deno.test(`mesos-master = "${text}" is parsed`, () => {
    const { auth, ...rest } = { auth: undefined, ...mastersAt(text) };
    assertEquals(rest, want);
    assertEquals(auth === undefined ? undefined : (auth as Secret).reveal(), /^zk:..(.+)@/.exec(text)?.[1]);
  });
}

const bad: readonly (readonly [text: string, said: string])[] = [
  ["", "does not name a master"],
  [" , ", "does not name a master"],
  ["m1:0", "not a host and port"],
  ["m1:70000", "not a host and port"],
  ["m1:port", "not a host and port"],
  ["m1 m2", "not a host and port"],
  [":::", "not a host and port"],
  ["[zz]:5050", "not a host and port"],
  ["ftp://m1", "not the http or https URL"],
  ["http://", "not the http or https URL"],
  ["http://m1:5050/mesos", "behind the port"],
  ["http://m1:5050?x=1", "behind the port"],
  ["marathon:hunter2@m1:5050", "contains credentials"],
  ["http://marathon:hunter2@m1:5050", "contains credentials"],
  ["zk:/h1/mesos", "not a ZooKeeper address"],
  ["zk://h1:2181", "no valid path"],
  ["zk://h1:2181/", "no valid path"],
  ["zk://h1:2181//mesos", "no valid path"],
  ["zk://h1:2181/a/../b", "no valid path"],
  ["zk:///mesos", "does not name a server"],
  ["zk://h1:x/mesos", "is not host:port"],
  ["zk://hunter2@h1/mesos", "not user:password"],
  [Array.from({ length: 65 }, (_, index) => `m${index}`).join(","), "more than 64"],
];

for (const [text, said] of bad) {
  Deno.test(`mesos-master = "${text.slice(0, 40)}" is refused: ${said}`, () => {
    const error = refusalOf(parseMasters(text));
    assertStringIncludes(error.message, said);
    assert(!`${error.message} ${error.hint}`.includes("hunter2"), "a secret is shown");
    assert(error.hint.length > 0);
  });
}

Deno.test("the error for an address of several lines shows none of them", () => {
  const swallowed = "\ngo-agent.env = secret";
  for (const text of [`zk://u:p@${swallowed}`, swallowed, `h1:5050,${swallowed}`, `http://h1:5050${swallowed}`]) {
    const masters = parseMasters(text);
    const message = masters.ok ? "it is understood" : masters.message;
    assert(!masters.ok && !message.includes("secret"), message);
  }
  const listen = parseHostPort(swallowed, 80);
  assertEquals(listen.ok ? "" : listen.message, "one of several lines is not a host and port");
});

Deno.test("the host name of a master may be zk", () => {
  for (const text of ["zk", "ZK:5050", "zk:5050", "zk:5050, zk:5050"]) {
    const masters = parseMasters(text);
    assertEquals(masters.ok ? mastersText(masters.value).split(",")[0] : masters.message, "zk:5050");
  }
  assert(!parseMasters("zk:h1:2181/mesos").ok);
});

Deno.test("any text is refused or parsed into valid URLs", () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^(zk:\/\/|https?:\/\/)?[a-z0-9.:,@[\]/-]{0,30}$/));
  fc.assert(fc.property(texts, (text) => {
    const masters = parseMasters(text);
    if (!masters.ok) return;
    const { value } = masters;
    if (value.kind === "static") {
      value.addresses.forEach((address) => assert(URL.canParse(addressUrl(address)), addressUrl(address)));
    } else {
      assert(value.path.startsWith("/") && value.servers.length > 0);
    }
    assert(!mastersText(value).includes("@"));
    assertEquals(mastersText(mastersAt(mastersText(value))), mastersText(value));
  }));
});

Deno.test("a host and port that are formatted parse to the same value", () => {
  const hosts = fc.oneof(fc.domain().map((name) => name.toLowerCase()), fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
    assertEquals(parseHostPort(hostPortText({ host, port }), 1), {
      ok: true,
      value: { host: host.toLowerCase(), port },
    });
  }));
});

Deno.test("a base URL is shown without the default port and without a trailing slash", () => {
  for (
    const [text, want] of [
      ["http://gocd:8153/go/", "http://gocd:8153/go"],
      ["HTTPS://GoCD:443", "https://gocd"],
      ["http://[::1]:80/x/go", "http://[::1]/x/go"],
    ] as const
  ) {
    assertEquals(serverUrlText(serverAt(text)), want);
  }
});

Deno.test("a base URL with credentials or a query, or of another scheme, is refused without showing secrets", () => {
  for (
    const [text, said] of [
      ["http://user:hunter2@gocd:8153/go", "credentials"],
      ["http://gocd:8153/go/?x=1", "? or #"],
      ["", "not an http or https URL"],
      ["gocd.test:8153/go", "not an http or https URL"],
      ["ftp://gocd.test/go", "not an http or https URL"],
    ] as const
  ) {
    const { message, hint } = refusalOf(parseServerUrl(text));
    assertStringIncludes(message, said);
    assert(!`${message} ${hint}`.includes("hunter2"));
  }
});
