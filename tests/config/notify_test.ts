// The keys for webhooks.

import { assertEquals, assertMatch } from "@std/assert";
import { loadPartially } from "../../src/config/load.ts";
import { hostsOf } from "../../src/config/hosts.ts";
import { conditionEvents } from "../../src/core/view/condition_event.ts";
import { keyOf } from "../../src/runtime/permissions.ts";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

const url = "https://hooks.example.com/services/hunter2";

Deno.test("without keys there are no webhooks, and the times have their defaults", () => {
  assertEquals(loadKeys("").notify, { afterMs: 120_000, waitingLongerThanMs: 1_800_000, webhooks: [] });
});

Deno.test("a webhook has all events and JSON by default", () => {
  const { notify: { webhooks: [webhook] } } = loadKeys(`notify.webhooks.team.url = "${url}"`);
  assertEquals(webhook?.url.reveal(), url);
  assertEquals({ ...webhook, url: 0 }, {
    name: "team",
    url: 0,
    address: { scheme: "https", host: "hooks.example.com", port: 443 },
    format: "json",
    events: conditionEvents,
    caCerts: [],
  });
});

Deno.test("the URL and the secret of a webhook may be in files, which are listed for read permission", () => {
  const files: Record<string, string> = { "/conf/u": `${url}\n`, "/conf/s": "key\n" };
  const config = loadKeys(
    "notify { after = 0, webhooks.ops { url-file = u, secret-file = s, format = slack, events = [leader, breaker] } }",
    { files },
  );
  const [webhook] = config.notify.webhooks;
  assertEquals([webhook?.url.reveal(), webhook?.secret?.reveal()], [url, "key"]);
  assertEquals([webhook?.format, webhook?.events], ["slack", ["breaker", "leader"]]);
  assertEquals(config.readFiles, ["/conf/u", "/conf/s"]);
});

Deno.test("the hosts of webhooks are listed for network permission, with their key", () => {
  const config = loadKeys(`notify.webhooks { a.url = "${url}", b.url = "http://[::1]:9000/x" }`);
  const { net } = hostsOf(config);
  assertEquals(net.filter((host) => /hooks|9000/.test(host)), ["hooks.example.com:443", "[::1]:9000"]);
  assertEquals(keyOf(config, "hooks.example.com:443"), "notify.webhooks");
});

Deno.test("a partial configuration without webhooks reports no problems of webhooks", () => {
  const read = (path: string): string => {
    if (path === "/conf/f.conf") return withKeys("notify.webhooks { a.url-file = none, b.url = ${NOT_SET} }");
    throw new Deno.errors.NotFound(path);
  };
  const { config, problems } = loadPartially("/conf/f.conf", {}, undefined, read);
  assertEquals(config.notify.webhooks, []);
  assertEquals(problems.map(({ key }) => key).filter((key) => key.startsWith("notify")), []);
});

const bad: readonly (readonly [text: string, key: string, message: RegExp])[] = [
  ["team {}", "notify.webhooks.team.url", /missing/],
  ["team.url = ${?NOT_SET}", "notify.webhooks.team.url", /missing/],
  ["team.url = hunter2", "notify.webhooks.team.url", /not an http or https URL/],
  ['team.url = "ftp://h/hunter2"', "notify.webhooks.team.url", /not an http or https URL/],
  ['team.url = "https://user:hunter2@h/"', "notify.webhooks.team.url", /credentials/],
  ["team.url-file = none", "notify.webhooks.team.url-file", /cannot read the secret/],
  [`team { url = "${url}", format = xml }`, "notify.webhooks.team.format", /not one of its values/],
  [`team { url = "${url}", events = [leader, breakers] }`, "notify.webhooks.team.events", /"breakers" is no event/],
  [`team { url = "${url}", ur = x }`, "notify.webhooks.team.ur", /no such key/],
  [`"a b".url = "${url}"`, "notify.webhooks.a b", /cannot be the name of a webhook/],
  ["team = x", "notify.webhooks.team", /must be an object/],
];

for (const [text, key, message] of bad) {
  Deno.test(`webhooks { ${text} } is refused with its key and without the URL`, () => {
    const { problems } = problemsOf(withKeys(`notify.webhooks { ${text} }`));
    assertEquals(problems.map((each) => each.key), [key]);
    assertMatch(problems[0]?.message ?? "", message);
    assertEquals(JSON.stringify(problems).includes("hunter2"), false);
  });
}

Deno.test("the hint for a misspelt key of a webhook contains the name of the webhook", () => {
  const { problems } = problemsOf(withKeys(`notify.webhooks.team { url = "${url}", formt = json }`));
  assertEquals(problems.map(({ hint }) => hint), ["did you mean notify.webhooks.team.format?"]);
});
