// The feed of waiting jobs, in chunks of any size, and bodies that are not such a feed.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc, { anyCharacter } from "../support/properties.ts";
import { GocdError } from "../../src/gocd/api.ts";
import {
  decodeLocator,
  jobsMax,
  readScheduledJobs,
  readScheduledJobsText,
  type ScheduledJobsReading,
} from "../../src/gocd/scheduled_jobs.ts";

const feed = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by GoCD -->
<scheduledJobs>
  <job name="compile">
    <link rel="self" href="http://x/go/api/feed/pipelines/p/5/s/1/compile.xml"/>
    <buildLocator>p/5/s/1/compile</buildLocator>
    <environment>prod</environment>
    <resources>
      <resource><![CDATA[linux]]></resource>
      <resource><![CDATA[big | mem]]></resource>
    </resources>
    <environmentVariables>
      <variable name="V">secret-looking &amp; value</variable>
    </environmentVariables>
  </job>
  <job name="test" id="7"><buildLocator>p/5/s/1/test</buildLocator></job>
</scheduledJobs>
`;
const feedJobs = [
  { locator: "p/5/s/1/compile", name: "compile", environment: "prod", gocdResources: ["linux", "big | mem"] },
  { locator: "p/5/s/1/test", name: "test", gocdResources: [] },
];
const empty = `<?xml version="1.0" encoding="UTF-8"?>\n<scheduledJobs/>`;

async function* bytesOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.subarray(from, from + size));
}

Deno.test("a feed is parsed into name, locator, environment and resources of each job", () => {
  assertEquals(readScheduledJobsText(feed), { jobs: feedJobs, findings: [] });
});

Deno.test("an empty feed is an empty queue", () => {
  for (const text of [empty, "<scheduledJobs></scheduledJobs>", "\uFEFF<scheduledJobs>\n </scheduledJobs>\n"]) {
    assertEquals(readScheduledJobsText(text).jobs, []);
  }
});

for (
  const [what, text, code] of [
    ["an empty body", "", "gocd-truncated"],
    ["blanks", " \n ", "gocd-truncated"],
    ["a login page", "<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>Login</title>", "gocd-login-page"],
    ["a login page in lower case", "<!doctype html><html><body><br></body></html>", "gocd-login-page"],
    ["a login page without doctype", "<HTML><body>hello</body></HTML>", "gocd-login-page"],
    ["XHTML", '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', "gocd-login-page"],
    ["another root", "<pipelines/>", "gocd-unexpected-shape"],
    ["an access-denied document", "<access-denied><message>no</message></access-denied>", "gocd-unexpected-shape"],
    ["JSON", '{"message":"GoCD server is starting"}', "gocd-not-xml"],
    ["plain text", "GoCD server is starting", "gocd-not-xml"],
    ["a root that is not closed", "<scheduledJobs>", "gocd-truncated"],
    ["two roots", "<scheduledJobs/><scheduledJobs/>", "gocd-not-xml"],
    ["text after the root", "<scheduledJobs/>more", "gocd-not-xml"],
    ["a nested root", "<scheduledJobs><scheduledJobs/></scheduledJobs>", "gocd-unexpected-shape"],
    ["jobs of another name", "<scheduledJobs><work/></scheduledJobs>", "gocd-unexpected-shape"],
    ["jobs in a comment", "<scheduledJobs><!-- <job/> --></scheduledJobs>", "gocd-unexpected-shape"],
    ["text instead of jobs", "<scheduledJobs>none</scheduledJobs>", "gocd-unexpected-shape"],
    ["only a job without locator", '<scheduledJobs><job name="x"/></scheduledJobs>', "gocd-unexpected-shape"],
    ["a document with its own entities", '<!DOCTYPE a [<!ENTITY b "c">]><scheduledJobs/>', "gocd-unexpected-shape"],
    [
      "a document type before jobs",
      '<!DOCTYPE x><scheduledJobs><job name="a"><buildLocator>p/1/s/1/a</buildLocator></job></scheduledJobs>',
      "gocd-unexpected-shape",
    ],
    [
      "another root around jobs",
      '<jobs><job name="a"><buildLocator>p/1/s/1/a</buildLocator></job></jobs>',
      "gocd-unexpected-shape",
    ],
    ["an unknown entity", "<scheduledJobs>&nbsp;</scheduledJobs>", "gocd-not-xml"],
    ["unclosed elements", "<scheduledJobs>" + "<job>".repeat(100), "gocd-unexpected-shape"],
  ] as const
) {
  Deno.test(`${what} is not a feed`, () => {
    const error = assertThrows(() => readScheduledJobsText(text, "GET /feed"), GocdError);
    assertEquals([error.problem.code, error.problem.kind], [code, "unreadable"]);
    assertMatch(error.message, /^GET \/feed (returned|answered) /);
  });
}

Deno.test("illegal character references and control characters in variables are ignored, in chunks of any size", async () => {
  const odd = feed.replace("secret-looking", "\u0001&#27;&#x1b;&#0;&#xFFFF;&#x110000;&#9;&#x41;");
  assertEquals(readScheduledJobsText(odd).jobs, feedJobs);
  for (let size = 1; size < 40; size++) {
    assertEquals((await readScheduledJobs(bytesOf(odd, size))).jobs, feedJobs, `chunks of ${size} bytes`);
  }
});

Deno.test("invalid UTF-8 in a variable is ignored", async () => {
  const bytes = new TextEncoder().encode(feed.replace("secret-looking", "~~~~"));
  const at = bytes.indexOf("~".charCodeAt(0));
  bytes[at] = 0xe4;
  bytes[at + 1] = 0xff;
  async function* once(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
  }
  assertEquals((await readScheduledJobs(once())).jobs, feedJobs);
});

Deno.test("a feed truncated at any position is refused", () => {
  const whole = feed.trimEnd();
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => readScheduledJobsText(whole.slice(0, length)), GocdError);
  }
});

Deno.test("a locator is decoded segment by segment, in form and path encoding", () => {
  for (
    const [given, want] of [
      ["p/1/s/1/j", "p/1/s/1/j"],
      ["my%20pipe/1/s/1/a%2Eb", "my pipe/1/s/1/a.b"],
      ["my+pipe/1/s/1/j", "my pipe/1/s/1/j"],
      ["bad%zz/1/s/1/j%41", "bad%zz/1/s/1/jA"],
    ] as const
  ) {
    assertEquals(decodeLocator(given), want);
  }
});

Deno.test("duplicate locators count once, jobs without a locator are left out, and both are findings", () => {
  const job = '<job name="a"><buildLocator>p/1/s/1/a</buildLocator></job>';
  const reading = readScheduledJobsText(`<scheduledJobs>${job}${job}<job name="b"/></scheduledJobs>`);
  assertEquals(reading.jobs.length, 1);
  assertEquals(reading.findings.map((finding) => finding.code), ["gocd-job-unreadable", "gocd-job-duplicate"]);
});

Deno.test("a job without a name has the name in its locator", () => {
  const reading = readScheduledJobsText(
    "<scheduledJobs><job><buildLocator>p/1/s/1/a</buildLocator></job></scheduledJobs>",
  );
  assertEquals(reading.jobs[0]?.name, "a");
});

Deno.test("misplaced elements are ignored", () => {
  const reading = readScheduledJobsText(
    `<scheduledJobs><note><buildLocator>no/1/s/1/a</buildLocator></note><job name="a">
      <buildLocator>p/1/s/1/a</buildLocator><resource>no</resource><environmentVariables><resource>no</resource>
      </environmentVariables></job></scheduledJobs>`,
  );
  assertEquals(reading.jobs, [{ locator: "p/1/s/1/a", name: "a", gocdResources: [] }]);
});

Deno.test("only the oldest jobs of an overlong feed are read, and a finding reports how many are left out", () => {
  const job = (n: number): string => `<job name="a"><buildLocator>p/${n}/s/1/a</buildLocator></job>`;
  const many = Array.from({ length: jobsMax + 7 }, (_, n) => job(n)).join("");
  const { jobs, findings: [finding] } = readScheduledJobsText(`<scheduledJobs>${many}</scheduledJobs>`);
  assertEquals([jobs.length, jobs.at(-1)?.locator], [jobsMax, `p/${jobsMax - 1}/s/1/a`]);
  assertEquals(finding?.code, "gocd-feed-left-out");
  assertStringIncludes(finding?.message ?? "", "7 jobs of the feed are left out: only its oldest 50000 are considered");
  assertThrows(() => readScheduledJobsText(`<scheduledJobs>${many}`), GocdError, "truncated body");
});

Deno.test("a feed is read up to its limit in bytes, and a finding reports the rest", async () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const head = encode("<scheduledJobs><job name='a'><buildLocator>p/1/s/1/a</buildLocator></job>");
  const blanks = encode(" ".repeat(1024 * 1024));
  let isEnded = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield await Promise.resolve(head);
      for (;;) yield blanks;
    } finally {
      isEnded = true;
    }
  }
  const { jobs, findings } = await readScheduledJobs(endless(), "the feed", 10 * 1024 * 1024);
  assertEquals([jobs.length, findings.map(({ code }) => code), isEnded], [1, ["gocd-feed-left-out"], true]);
});

Deno.test("a job with an overlong locator is left out", () => {
  const job = (n: number): string => `<job name="a"><buildLocator>p/${n}/s/1/a</buildLocator></job>`;
  const long = `<scheduledJobs>${job(1)}<job name="b"><buildLocator>${
    "x".repeat(5000)
  }</buildLocator></job></scheduledJobs>`;
  const reading = readScheduledJobsText(long);
  assertEquals([reading.jobs.length, reading.findings[0]?.code], [1, "gocd-job-unreadable"]);
});

Deno.test("an endless body without jobs is cancelled", async () => {
  const chunk = new TextEncoder().encode(`<scheduledJobs>${" ".repeat(1024 * 1024)}`);
  const blanks = new TextEncoder().encode(" ".repeat(1024 * 1024));
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(chunk);
    for (;;) yield blanks;
  }
  const error = await assertRejects(() => readScheduledJobs(endless()), GocdError);
  assertEquals(error.problem.code, "gocd-too-large");
});

/** What a reader must never do: hang, throw anything else, or take for empty what is not. */
function assertHonest(read: () => ScheduledJobsReading, isReallyEmpty: () => boolean): void {
  let reading: ScheduledJobsReading;
  try {
    reading = read();
  } catch (error) {
    assert(error instanceof GocdError, String(error));
    return;
  }
  if (reading.jobs.length === 0) assert(isReallyEmpty(), "an empty queue was reported");
}

/** Independent of the reader: a declaration, comments and instructions aside, only an empty root is left. */
function isEmptyFeed(text: string): boolean {
  const plain = text.replace(/^\uFEFF/, "").replace(/<\?[^]*?\?>/g, "").replace(/<!--[^]*?-->/g, "");
  return /^\s*<scheduledJobs(\s[^<>]*)?(\/>|>\s*<\/scheduledJobs\s*>)\s*$/.test(plain);
}

Deno.test("any bytes give jobs or a GocdError, and an empty queue only for an empty feed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      async function* once(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(bytes);
      }
      const text = new TextDecoder().decode(bytes);
      const reading = await readScheduledJobs(once()).catch((error) => error);
      assertHonest(() => {
        if (reading instanceof Error) throw reading;
        return reading;
      }, () => isEmptyFeed(text));
    }),
    { numRuns: 300 },
  );
});

const tokens = [
  "<scheduledJobs>",
  "</scheduledJobs>",
  "<scheduledJobs/>",
  "<job",
  ">",
  "</job>",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "<?x",
  "?>",
  "&#27;",
  "&",
  ";",
  '"',
  " ",
  "\u0000",
  "x",
  "<buildLocator>a</buildLocator>",
];

Deno.test("any XML fragments give jobs or a GocdError, and an empty queue only for an empty feed", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      // deno-lint-ignore no-control-regex
      const seen = text.replace(/\u0000|&#27;/g, "");
      assertHonest(() => readScheduledJobsText(text), () => isEmptyFeed(seen));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a modified feed is never parsed as an empty queue", () => {
  const change = fc.record({
    at: fc.nat(feed.length - 1),
    length: fc.nat(300),
    put: fc.oneof(fc.constantFrom(...tokens), fc.string({ maxLength: 5 })),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const text = changes.reduce(
        (rest, { at, length, put }) => rest.slice(0, at) + put + rest.slice(at + length),
        feed,
      );
      assertHonest(() => readScheduledJobsText(text), () => isEmptyFeed(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a feed in chunks of any size is parsed like one in a single piece", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.string({ unit: anyCharacter, maxLength: 20 })),
      async (size, values) => {
        const variables = values.map((value) =>
          value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("]]>", "")
        );
        const text = feed.replace("secret-looking &amp; value", () => variables.join("&#3;"));
        const whole = await readScheduledJobs(text).catch((error: GocdError) => error.problem.code);
        const parts = await readScheduledJobs(bytesOf(text, size)).catch((error: GocdError) => error.problem.code);
        assertEquals(parts, whole);
      },
    ),
    { numRuns: 100 },
  );
});
