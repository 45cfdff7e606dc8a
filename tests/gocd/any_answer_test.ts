// With any response in place of the expected one (any status, headers and bytes) a poll fails with a GocdError of one
// line or is complete: no crash, no hang, no lost job or agent.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { GocdError, type GocdPoll } from "../../src/gocd/api.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { serverAt } from "../support/addresses.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import { job, server } from "../sim/gocd_support.ts";
import { connection, type FakeGocd, fakeGocd } from "./fake_gocd.ts";

const paths = [
  "/api/version",
  "/api/admin/maintenance_mode/info",
  "scheduled.xml",
  "/api/agents",
  "/api/elastic/profiles",
  "/usages",
  "/api/admin/environments",
  "/api/server_health_messages",
] as const;
/** What a poll does without. */
const extras = ["/api/elastic/profiles", "/usages", "/api/admin/environments", "/api/server_health_messages"] as const;
const types = ["application/json", "application/xml", "text/html", "text/plain", "application/vnd.go.cd.v1+json", ""];

const pieces = fc.constantFrom(
  '{"_embedded":{"',
  '"agents":[',
  '"profiles":[{"id":"a"}',
  '"environments":[',
  '"pipelines":[',
  '{"stages":[',
  '{"jobs":[',
  '{"name":"a","state":"Scheduled"}',
  '{"template":"build"',
  "]}}",
  "null",
  "[]",
  "{}",
  "<scheduledJobs>",
  "</scheduledJobs>",
  "<job name='j'>",
  "<buildLocator>",
  '{"version":"',
  "99.1.0",
  '"}',
  '"is_maintenance_mode":',
  "true",
  "\u0000",
  "\ufeff",
  "<html>",
  ",",
);
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc.array(pieces, { maxLength: 8 }).map((parts) => new TextEncoder().encode(parts.join(""))),
);
const words = fc.string({ maxLength: 20 }).filter((text) => /^[\x20-\x7e]*$/.test(text));
const answers = fc.record({
  status: fc.oneof(fc.constant(200), fc.integer({ min: 200, max: 599 })),
  type: fc.constantFrom(...types),
  body: bodies,
  headers: fc.dictionary(
    fc.constantFrom("retry-after", "location", "set-cookie", "etag", "x-gocd-api-deprecated-in", "warning"),
    words,
  ),
});
type Answer = typeof answers extends fc.Arbitrary<infer A> ? A : never;

function responseOf({ status, type, body, headers }: Answer): Response {
  const isBare = status === 204 || status === 205 || status === 304;
  return new Response(isBare ? null : new Uint8Array(body), { status, headers: { ...headers, "content-type": type } });
}

/** A server with one elastic profile, one job without resources and two agents. */
function serverOf(): FakeGocd {
  const fake = fakeGocd("26.1.0", ["u1", "u2"].map((uuid) => ({ uuid, config: "Enabled", state: "Idle" })));
  const feed = "<scheduledJobs><job name='j'><buildLocator>p/1/s/1/j</buildLocator></job></scheduledJobs>";
  const known = (path: string, body: string, type: string): [string, Response] => [
    path,
    new Response(body, { headers: { "content-type": type } }),
  ];
  fake.override = ({ path }) => {
    const answered = [
      known("scheduled.xml", feed, "application/xml"),
      known("/api/elastic/profiles", '{"_embedded":{"profiles":[{"id":"k8s"}]}}', "application/json"),
      known("/usages", "[]", "application/json"),
      known("/api/admin/environments", '{"_embedded":{"environments":[]}}', "application/json"),
    ];
    return answered.find(([part]) => path.endsWith(part))?.[1];
  };
  return fake;
}

async function pollWith(at: string, answer: Answer): Promise<GocdPoll | GocdError> {
  const fake = serverOf();
  const plain = fake.override;
  fake.override = (request) => request.path.endsWith(at) ? responseOf(answer) : plain(request);
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  try {
    return await api.poll(new AbortController().signal, { environments: ["prdo"] });
  } catch (error) {
    if (error instanceof GocdError) return error;
    throw error;
  } finally {
    api.close();
  }
}

for (const path of paths) {
  Deno.test(`with any response to ${path} the poll fails with a one-line error or is complete`, async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const got = await pollWith(path, answer);
        if (got instanceof GocdError) {
          assertEquals(extras.some((extra) => extra === path), false, got.message);
          const { message, hint } = got.problem;
          assert(message !== "" && hint !== "" && !/[\n\r]/.test(message + hint), message);
          return;
        }
        // A list that is read must be a list: an empty one only where exactly that was said.
        const text = new TextDecoder().decode(answer.body);
        if (got.jobs.length !== 1) assert(path === "scheduled.xml" && /<scheduledJobs\s*\/?>/.test(text), text);
        if (got.agents.length !== 2) assert(path === "/api/agents" && /"agents"\s*:\s*\[/.test(text), text);
        for (const finding of got.findings) assert(!/[\n\r]/.test(finding.message), finding.message);
        if (path === "/api/admin/environments" && got.missingEnvironments !== undefined) {
          assertEquals([answer.status >= 200 && answer.status < 300, /"environments"/.test(text)], [true, true], text);
        }
      }),
      { numRuns: 300 },
    );
  });
}

const apiPaths = ["/api/dashboard", "/api/stages/", "/api/admin/pipelines/", "/api/admin/templates/"] as const;

/** The same for the jobs without the feed: one waits, which needs linux. */
async function pollApiWith(at: string, answer: Answer): Promise<GocdPoll | GocdError> {
  const model = server("26.1.0");
  const stages = [{ name: "stage", jobs: [{ name: "job", gocdResources: ["#{OS}"] }] }];
  model.configureTemplate({ name: "build", stages });
  model.configurePipeline({ name: "shop", template: "build", parameters: { OS: "linux" }, stages: [] });
  job(model, "shop", { gocdResources: ["linux"] });
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = (input, init) =>
    new URL(String(input)).pathname.includes(at) ? Promise.resolve(responseOf(answer)) : plain(input, init);
  const target = { ...connection, url: serverAt(simUrl), jobSource: "api" } as const;
  const api = createHttpGocdApi(target, { fetch, nowMs: () => 0 });
  return await api.poll(new AbortController().signal).catch((error: unknown) => {
    if (error instanceof GocdError) return error;
    throw error;
  });
}

for (const path of apiPaths) {
  Deno.test(`with any response to ${path} the poll fails with a one-line error or contains no lost or guessed jobs`, async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const got = await pollApiWith(path, answer);
        if (got instanceof GocdError) {
          const { message, hint } = got.problem;
          assert(message !== "" && hint !== "" && !/[\n\r]/.test(message + hint), message);
          return;
        }
        for (const { message } of got.findings) assert(!/[\n\r]/.test(message), message);
        const text = new TextDecoder().decode(answer.body);
        const [first] = got.jobs;
        if (first === undefined) {
          const isDenied = got.findings.some(({ code }) => code === "gocd-stage-unread");
          assert(path === "/api/stages/" && isDenied || /"(?:pipelines|jobs)"\s*:\s*\[/.test(text), text);
        } else if (first.unknownNeeds === undefined) {
          assert(first.gocdResources.join() === "linux" || /"(?:stages|jobs)"\s*:\s*\[/.test(text), text);
        }
      }),
      { numRuns: 300 },
    );
  });
}
