// Fuzz targets of the responses of a GoCD server: the feed, agents in every format, all other readers, headers. Valid
// responses: tests/gocd.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import { agentsMax, readGocdAgents } from "../../src/gocd/agents.ts";
import { GocdError } from "../../src/gocd/api.ts";
import { readHealthMessages } from "../../src/gocd/health.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { readMaintenance } from "../../src/gocd/maintenance.ts";
import { retryAfterMsOf, sessionCookieOf } from "../../src/gocd/response_headers.ts";
import {
  jobsMax,
  readScheduledJobs,
  readScheduledJobsText,
  resourcesMax,
  type ScheduledJobsReading,
  textLengthMax,
} from "../../src/gocd/scheduled_jobs.ts";
import { type AgentsShape, dialectOf } from "../../src/gocd/versions.ts";
import { Secret } from "../../src/secret.ts";
import { connection, fakeGocd, feedXml } from "../gocd/fake_gocd.ts";
import { anyJson, anyWord, bait, damagedJson, damagedText, fuzz } from "./support.ts";

/** What came of it; anything but a GocdError of one short line without the bait is a fault. */
function told<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    checkError(error);
    return undefined;
  }
}

function checkError(error: unknown): void {
  if (!(error instanceof GocdError)) throw error;
  const { message, hint, code } = error.problem;
  assert(message.length < 1_000 && hint !== "" && code.startsWith("gocd-"), message);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u001f\u007f-\u009f]/.test(message + hint), JSON.stringify(message));
  assert(!(message + hint).includes(bait), message);
}

// The feed

const job = (name: string): string =>
  `<job name="${name}" id="6"><link rel="self" href="http://x/y"/><buildLocator>p/5/s/1/${name}</buildLocator>` +
  `<environment>prod</environment><resources><resource><![CDATA[linux]]></resource></resources>` +
  `<environmentVariables><variable name="PW">${bait}</variable></environmentVariables></job>`;
const feeds = [
  feedXml,
  `<?xml version="1.0" encoding="utf-8"?>\n<scheduledJobs>${job("a")}${job("b")}${job("c")}</scheduledJobs>`,
];
const emptyFeed = /^\uFEFF?\s*(<\?xml[^<>]*\?>\s*)?<scheduledJobs\s*(\/>|>\s*<\/scheduledJobs\s*>)\s*$/;

function checkFeed({ jobs }: ScheduledJobsReading, text: string): void {
  assert(jobs.length > 0 || emptyFeed.test(text), "an empty queue comes out of an empty feed alone");
  assert(jobs.length <= jobsMax);
  assertEquals(new Set(jobs.map(({ locator }) => locator)).size, jobs.length);
  for (const { locator, name, environment, gocdResources } of jobs) {
    assert(locator !== "" && name !== "" && environment !== "");
    assert([locator, name, environment ?? "", ...gocdResources].every((word) => word.length <= textLengthMax));
    assert(gocdResources.length <= resourcesMax);
    assert(![locator, name, environment, ...gocdResources].includes(bait), "values of variables are never kept");
  }
}

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

Deno.test("a garbage feed is never an empty queue, and is the same in one chunk and in many", async () => {
  const text = fc.oneof(
    damagedText(feeds, ["<job name='x'>", "</job>"]),
    damagedText(feeds, ["<a>", "</a>"]),
    anyWord,
    fc.array(
      fc.constantFrom(
        "<job>",
        "</job>",
        "<scheduledJobs>",
        "</scheduledJobs>",
        job("x"),
        " ",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&#27;",
      ),
      { maxLength: 12 },
    ).map((parts) => parts.join("")),
  ).map((text) => text.toWellFormed());
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 50 }), async (text, size) => {
      const whole = told(() => readScheduledJobsText(text));
      if (whole !== undefined) checkFeed(whole, text);
      const pieces = await readScheduledJobs(inChunks(text, text.length > 5_000 ? 4_096 : size)).catch(checkError);
      // Of the byte order mark, only the decoder of bytes knows.
      if (!text.includes("\ufeff")) assertEquals(pieces ?? undefined, whole);
    }),
    fuzz(1_000),
  );
});

Deno.test("a truncated feed is never accepted", () => {
  fc.assert(
    fc.property(fc.constantFrom(...feeds), fc.nat(), (feed, at) => {
      const cut = feed.slice(0, at % feed.length);
      assertEquals(told(() => readScheduledJobsText(cut)), undefined, cut);
    }),
    fuzz(300),
  );
});

const bombs: readonly (readonly [string, string])[] = [
  [
    "entities that expand exponentially",
    `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">${
      Array.from({ length: 30 }, (_, index) =>
        `<!ENTITY ${"a".repeat(index + 2)} "${`&${"a".repeat(index + 1)};`.repeat(10)}">`).join("")
    }]><scheduledJobs><job name="&${"a".repeat(31)};"><buildLocator>p/1/s/1/j</buildLocator></job></scheduledJobs>`,
  ],
  [
    "an entity from a file",
    `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><scheduledJobs><job name="j"><buildLocator>&f;</buildLocator></job></scheduledJobs>`,
  ],
  ["a million nested elements", `<scheduledJobs>${"<a>".repeat(1_000_000)}`],
  [
    "a locator of 10 MB",
    `<scheduledJobs><job name="j"><buildLocator>${"x".repeat(10_000_000)}</buildLocator></job></scheduledJobs>`,
  ],
  [
    "a name of 10 MB",
    `<scheduledJobs><job name="${"x".repeat(10_000_000)}"><buildLocator>p/1/s/1/j</buildLocator></job></scheduledJobs>`,
  ],
  ["a comment of 10 MB and no job", `<scheduledJobs><!--${"x".repeat(10_000_000)}--></scheduledJobs>`],
  ["blanks of 10 MB and no job", `<scheduledJobs>${" ".repeat(10_000_000)}</scheduledJobs>`],
  [
    "a hundred thousand resources of one job",
    `<scheduledJobs><job><buildLocator>p/1/s/1/j</buildLocator><resources>${
      "<resource>x</resource>".repeat(100_000)
    }</resources></job></scheduledJobs>`,
  ],
  ["endless references", `<scheduledJobs>${"&#0000000000000000000000000000000000".repeat(100_000)}`],
];
for (const [name, bomb] of bombs) {
  Deno.test(`a feed with ${name} is refused`, () => {
    assertEquals(told(() => readScheduledJobsText(bomb)), undefined);
  });
}

Deno.test("a feed with a hundred thousand jobs is read up to the limit", () => {
  const jobs = Array.from(
    { length: 100_000 },
    (_, index) => `<job><buildLocator>p/1/s/1/${index}</buildLocator></job>`,
  );
  const reading = told(() => readScheduledJobsText(`<scheduledJobs>${jobs.join("")}</scheduledJobs>`));
  assertEquals(reading?.jobs.length, jobsMax);
});

// Agents

const shapes: readonly AgentsShape[] = ["legacy", "v1", "v2-v3", "v4", "v5-v7"];
const record = {
  uuid: "u-1",
  hostname: "h",
  "agent_name": "h",
  "ip_address": "10.0.0.1",
  resources: ["linux", "java"],
  environments: [{ name: "prod", origin: { type: "gocd" } }, "other"],
  status: "Idle",
  enabled: true,
  "build_locator": "/p/1/s/1/j",
  "agent_config_state": "Enabled",
  "agent_state": "Idle",
  "build_state": "Idle",
  "elastic_agent_id": "",
};
const records = [record, { ...record, uuid: "u-2", status: "Disabled", enabled: false }, {
  ...record,
  uuid: "u-3",
  status: "building",
}];

function checkAgents(agents: readonly GocdAgent[]): void {
  assert(agents.length <= agentsMax);
  assertEquals(new Set(agents.map(({ uuid }) => uuid)).size, agents.length);
  for (const { uuid, hostname, configState, agentState, buildState, gocdResources, environments } of agents) {
    const names = [hostname, ...gocdResources, ...environments.map(({ name }) => name)];
    for (const word of [uuid, configState, agentState, buildState]) assert(word !== "");
    assert([uuid, configState, ...names].every((word) => typeof word === "string" && word.length <= 1_024));
  }
}

Deno.test("a garbage list of agents in any format is never an empty list, and no agent in it is Idle by default", () => {
  const list = fc.oneof(damagedJson([records]), anyJson);
  const text = fc.oneof(
    list.map((entries) => JSON.stringify(entries) ?? ""),
    list.map((entries) => JSON.stringify({ _embedded: { agents: entries } }) ?? ""),
    damagedText([JSON.stringify(records), JSON.stringify({ _embedded: { agents: records } })], ["[", "]"]),
    anyWord,
    fc.constantFrom("[".repeat(200_000), "[".repeat(50_000) + "]".repeat(50_000)),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(...shapes), (text, shape) => {
      const reading = told(() => readGocdAgents(text, shape));
      if (reading === undefined) return;
      checkAgents(reading.agents);
      if (reading.agents.length === 0) {
        const body = JSON.parse(text);
        assertEquals(
          shape === "legacy" ? body : body["_embedded"]["agents"],
          [],
          "no agents only where the list is empty",
        );
      }
      const isSaid = /idle|disabled|"enabled"\s*:\s*false/i.test(text);
      if (!isSaid) assert(reading.agents.every(({ agentState }) => agentState !== "Idle"), text);
    }),
    fuzz(2_000),
  );
});

// Everything else

Deno.test("any version text has a complete dialect and a short finding", () => {
  const version = fc.oneof(anyWord, fc.stringMatching(/^[0-9]{1,6}\.[0-9]{1,6}(\.[0-9]{1,3})?.{0,20}$/));
  fc.assert(
    fc.property(version, (text) => {
      const dialect = dialectOf(text);
      assert(dialect.feedPaths.length > 0 && dialect.agentsForms.length > 0);
      assert(dialect.version.length <= 40 && (dialect.finding?.message.length ?? 0) < 300);
    }),
    fuzz(500),
  );
});

Deno.test("garbage maintenance modes and health messages are a problem or short findings", () => {
  const valid = [
    { "is_maintenance_mode": false, metadata: {} },
    [{
      message: "m",
      detail: "<a href='/go/tab/build/detail/p/1/s/1/j'>x</a> has not been assigned an agent",
      level: "ERROR",
    }],
  ];
  const text = fc.oneof(
    damagedJson(valid).map((value) => JSON.stringify(value) ?? ""),
    anyJson.map((value) => JSON.stringify([{ message: value, detail: value, level: value }])),
    damagedText(valid.map((value) => JSON.stringify(value))),
    fc.constantFrom("<", "<a", "&amp", "tab/build/detail/").map((word) =>
      JSON.stringify([{ message: word.repeat(20_000), detail: word.repeat(20_000) }])
    ),
  );
  fc.assert(
    fc.property(text, (text) => {
      assert(["on", "off", undefined].includes(told(() => readMaintenance(text, "GET x"))));
      for (const { code, message, hint, locators = [] } of told(() => readHealthMessages(text, "GET x")) ?? []) {
        assert(code.startsWith("gocd-") && message.length < 300 && hint !== "" && hint.length < 300, hint);
        assert(locators.join().length <= 4_100);
      }
    }),
    fuzz(800),
  );
});

const headerValue = fc.oneof(
  fc.constantFrom(
    "9".repeat(400),
    "-1",
    "1e9",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "0x10",
    "",
    "NaN",
  ),
  fc.stringMatching(/^[\x21-\x7e\x80-\xff]{1,60}$/),
  fc.tuple(
    fc.constantFrom("JSESSIONID=", "jsessionid=", "other=", "JSESSIONID = "),
    fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
    fc.constantFrom("", "; Max-Age=0", "; path=/"),
  )
    .map((parts) => parts.join("").trim()),
);

Deno.test("Retry-After is limited to an hour, and only a valid session cookie is kept", () => {
  fc.assert(
    fc.property(headerValue, fc.constantFrom(0, 1_790_000_000_000), (value, nowMs) => {
      const retryMs = retryAfterMsOf(new Headers({ "retry-after": value }), nowMs);
      assert(retryMs === undefined || (retryMs >= 0 && retryMs <= 3_600_000), `${retryMs}`);
      const cookie = sessionCookieOf(new Headers({ "set-cookie": value }), undefined);
      assert(cookie === undefined || (/^JSESSIONID=[^;\s]+$/.test(cookie) && cookie.length < 1_100), cookie);
    }),
    fuzz(1_000),
  );
});

/** A body of any path of any release, damaged. */
const anyBody = fc.oneof(
  damagedText([feedXml, JSON.stringify({ version: "26.1.0" }), JSON.stringify({ _embedded: { agents: records } })]),
  fc.oneof(
    anyJson,
    damagedJson([
      { _embedded: { agents: records } },
      { _embedded: { profiles: [{ id: "p" }], environments: [{ name: "prod" }] } },
      [{ "pipeline_name": "p", "stage_name": "s", "job_name": "j" }],
      { version: "20.10.0" },
    ]),
  ).map((value) => JSON.stringify(value) ?? ""),
  fc.constantFrom(
    `{"message":"${bait}"}`,
    `<message>${bait}</message>`,
    bait,
    btoa(`u:${bait}`),
    `{"error":"${[...bait].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")}"}`,
  ),
);

Deno.test("any response to a poll is a complete poll or a GocdError, without a redirect and without a secret", async () => {
  const paths = fc.constantFrom(
    "/api/version",
    "scheduled.xml",
    "/api/agents",
    "mode/info",
    "health_messages",
    "/api/elastic/profiles",
    "usages",
    "environments",
    "",
  );
  const status = fc.constantFrom(200, 200, 200, 204, 301, 302, 400, 401, 403, 404, 406, 409, 422, 429, 500, 503);
  const type = fc.constantFrom(
    "application/json",
    "application/vnd.go.cd.v1+json",
    "application/xml",
    "text/html",
    "text/plain",
    "",
  );
  const header = fc.oneof(
    headerValue,
    fc.constantFrom(`http://u:${bait}@evil.example/login?x=${bait}`, `/${encodeURIComponent(bait)}`),
  );
  const release = fc.constantFrom("15.2.0", "16.6.0", "18.12.0", "19.1.0", "20.10.0", "26.1.0");
  await fc.assert(
    fc.asyncProperty(
      fc.record({ release, path: paths, status, type, header, body: anyBody }),
      async ({ release, path, status, type, header, body }) => {
        const fake = fakeGocd(release);
        const hosts = new Set<string>();
        fake.override = (request) =>
          request.path.includes(path)
            ? new Response(status === 204 ? null : body, {
              status,
              headers: {
                ...(type === "" ? {} : { "content-type": type }),
                location: header,
                "retry-after": header,
                "set-cookie": header,
                "www-authenticate": header,
                "x-gocd-api-deprecated-in": header,
              },
            })
            : undefined;
        const api = createHttpGocdApi({
          ...connection,
          credentials: { kind: "basic", userName: "u", password: new Secret("go-server.password", () => bait) },
        }, {
          nowMs: () => 1_790_000_000_000,
          fetch: (input, init) => {
            hosts.add(new URL(String(input)).host);
            return fake.fetch(input, init);
          },
        });
        try {
          const { jobs, agents, findings } = await api.poll(new AbortController().signal);
          checkAgents(agents);
          assert(jobs.length > 0 || path === "" || "scheduled.xml".includes(path), "the jobs of the feed are not lost");
          assert(findings.every(({ code, message }) => code.startsWith("gocd-") && message.length < 2_000));
        } catch (error) {
          checkError(error);
        }
        assertEquals([...hosts], ["gocd.test:8153"]);
        assert(fake.seen.length < 30, `${fake.seen.length} requests`);
      },
    ),
    fuzz(1_000),
  );
});
