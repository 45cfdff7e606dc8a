// The API for programs: every response matches its OpenAPI document, and everything in the document occurs.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "../support/properties.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import type { Picture } from "../../src/core/view/picture.ts";
import type { NamedJobLife } from "../../src/core/view/history.ts";
import type { NoteView } from "../../src/core/view/view.ts";
import { HistoryError } from "../../src/history/error.ts";
import { openHistory } from "../../src/history/history.ts";
import { packView } from "../../src/history/snapshot.ts";
import { Secret } from "../../src/secret.ts";
import { apiRoutes, findRoute } from "../../src/web/api/routes.ts";
import type { CommandAnswer } from "../../src/web/commands.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../src/web/handler.ts";
import { aJob, aLife, aNote, aSample, limits } from "../history/samples.ts";
import { type Checker, createChecker, isDocumentedBody, openapi } from "../support/api_schema.ts";
import { pictureOf } from "../support/picture.ts";
import {
  groupedView,
  hostileName,
  largeView,
  sampleMs,
  sampleNotes,
  sampleOffer,
  sampleView,
  standby,
} from "../support/sample_view.ts";
import { situation } from "../support/situation.ts";
import { startVirtualCluster } from "../support/virtual_cluster.ts";
import { sampleOptions } from "../support/web_options.ts";
import { demandCauses } from "../transcripts/demand_causes.ts";
import { heldCauses } from "../transcripts/held_causes.ts";
import { pendingCauses } from "../transcripts/pending_causes.ts";

const token = "s3cr3t-admin-token";
const second = 1_000;
const minute = 60_000;

function handlerOf(picture: () => Picture, more: Partial<HandlerOptions> = {}): Handler {
  return createHandler(sampleOptions({ picture, ...more }));
}

const sample = handlerOf(() => pictureOf(sampleView, { notes: sampleNotes }));

/** Paths of the document that are asked without a body and without a name. */
const plainPaths = Object.entries(openapi.paths)
  .filter(([path, methods]) => methods["get"] !== undefined && !path.includes("{")).map(([path]) => path);

/** Asks every path, and for every job. */
async function askAll(checker: Checker, handler: Handler): Promise<void> {
  for (const path of plainPaths) await checker.ask(handler, path);
  const { body } = await checker.ask(handler, "/api/v1/jobs?limit=10000");
  for (const { locator } of body.jobs ?? []) {
    const path = `/api/v1/jobs/${locator.split("/").map(encodeURIComponent).join("/")}`;
    const why = await checker.ask(handler, path, { of: "/api/v1/jobs/{locator}" });
    assertEquals([why.status, why.body.job.locator], [200, locator]);
  }
}

async function inSituations(checker: Checker): Promise<void> {
  for (const { options, arrange } of [...demandCauses, ...heldCauses, ...pendingCauses]) {
    const its = situation(options);
    await arrange(its);
    await askAll(checker, handlerOf(() => pictureOf(statusView(its.world.state, its.world.atMs))));
  }
}

/** A cluster at work for some minutes, asked again and again. */
async function inACluster(checker: Checker): Promise<void> {
  const cluster = await startVirtualCluster({
    hopMs: 5,
    mesosAgents: ["h1", "h2"].map((hostname) => ({ hostname, resources: { cpus: 4, mem: 8_192, disk: 10_000 } })),
    more: "scaling { max-agents = 5, idle-timeout = 90 seconds }, go-agent { headroom = 1 }",
  });
  try {
    const handler = handlerOf(() => cluster.framework.picture());
    for (let job = 0; job < 8; job++) {
      const gocdResources = job === 7 ? ["mac"] : [];
      cluster.gocd.schedule({ pipeline: "shop", stage: "s", job: `j${job}`, gocdResources, durationMs: 30 * second });
    }
    for (let step = 0; step < 30; step++) {
      await askAll(checker, handler);
      await cluster.pass(10 * second);
    }
    const seen = await checker.ask(handler, "/api/v1/events");
    assert(seen.body.events.some(({ code }: NoteView) => code === "agent-launched"), "nothing was launched");
  } finally {
    await cluster.stop();
  }
}

Deno.test("every response matches the OpenAPI document, and every documented property occurs", async () => {
  const checker = createChecker();
  await inSituations(checker);
  await inACluster(checker);
  const finding = { code: "c", message: "m", hint: "h", locators: ["l"], hostnames: ["h"], forMin: 3 };
  const ended = { session: "ended" as const, reason: "failed over" };
  for (
    const view of [
      sampleView,
      standby("one"),
      standby(),
      { ...sampleView, tornDown: true as const, problems: [finding] },
      { ...sampleView, mesos: { ...sampleView.mesos, ...ended } },
      {
        ...sampleView,
        avoidedHosts: [{ host: "h", untilMs: sampleMs, reason: "r" }],
        instances: sampleView.instances.map((a) => ({ ...a, canary: true as const, drainRequested: true as const })),
        failingHosts: [{ host: "h", recentFailures: { "pull": 1 } }],
        profiles: sampleView.profiles.map((profile) => ({
          ...profile,
          breaker: { state: "half-open" as const, sinceMs: sampleMs, failure: "e", canary: "t" },
        })),
      },
      groupedView,
      { ...sampleView, offers: [sampleOffer], avoidedHosts: [{ host: "h", untilMs: sampleMs, reason: "r" }] },
    ]
  ) {
    await askAll(checker, handlerOf(() => pictureOf(view, { notes: sampleNotes })));
  }
  await histories(checker);
  await refusals(checker);
  await commands(checker);
  assertEquals(checker.unseen(), []);
});

/** A history with something of everything, one that is empty, and one that cannot be read. */
async function histories(checker: Checker): Promise<void> {
  const history = openHistory(undefined, limits);
  const spentMs = { starting: 1, idle: 2, busy: 3, draining: 5, other: 4 };
  history.write({
    samples: [aSample(sampleMs - minute, { needsAgent: 3, building: 1 })],
    notes: [aNote(sampleMs - minute, "launched")],
    lives: [aLife("t-1", { environment: "b", adopted: true, end: "exited", message: "m", endedMs: sampleMs - minute })],
    jobs: [aJob(sampleMs)],
    hours: [{ hourMs: Math.floor(sampleMs / 3_600_000) * 3_600_000, profile: "linux", spentMs }],
    snapshots: [await packView(sampleView, () => Promise.resolve())],
  });
  const picture = (): Picture => pictureOf({ ...sampleView, atMs: sampleMs + minute });
  const known = { ...aJob(sampleMs), isDirect: true, buildLeastMs: 0, buildMostMs: 1, isBuilding: true } as const;
  const namedJobs = (): readonly NamedJobLife[] => [known];
  const handler = handlerOf(picture, { history: { ...history, namedJobs } });
  const { body } = await checker.ask(handler, "/api/v1/history?step=60&limit=5");
  assertEquals([body.samples.length, body.ended.length, body.decisions.length, body.hours.length], [1, 1, 1, 1]);
  const jobs = await checker.ask(handler, "/api/v1/history/jobs");
  const [{ group, buildMs, locator }] = jobs.body.jobs;
  assertEquals([group, buildMs, locator], ["team-a", 9, undefined]);
  const built = await checker.ask(handler, "/api/v1/history/jobs?job=UNIT");
  assertEquals(built.body.jobs.map(({ agent }: Record<string, unknown>) => agent), ["t-1"]);
  const at = await checker.ask(handler, `/api/v1/history/at?time=${sampleMs - 9_000}`);
  assertEquals([at.body.status.atMs, at.body.jobs.length], [sampleMs, sampleView.jobs.length]);
  for (
    const [path, code] of [
      [`/api/v1/history/at?time=${sampleMs - minute}`, "no-picture"],
      ["/api/v1/history/at", "bad-query"],
      ["/api/v1/history?from=2026-01-01T00:00Z&to=2025-01-01T00:00Z", "bad-query"],
      ["/api/v1/history/jobs?from=2026-01-01T00:00Z&to=2025-01-01T00:00Z", "bad-query"],
      ["/api/v1/history?from=2020-01-01T00:00Z&step=1", "bad-query"],
    ] as const
  ) {
    assertEquals((await checker.ask(handler, path)).body.code, code, path);
  }
  const broken = handlerOf(picture, { history: { ...history, span: () => gone(), snapshotAt: () => gone() } });
  history.close();
  for (const path of ["/api/v1/history", `/api/v1/history/at?time=${sampleMs}`]) {
    assertEquals((await checker.ask(broken, path)).body.code, "history-failed");
  }
  const empty = openHistory(undefined, limits);
  assertEquals((await checker.ask(handlerOf(picture, { history: empty }), "/api/v1/history")).body.samples, []);
  empty.close();
}

function gone(): never {
  throw new HistoryError("history-failed", "the disk is gone");
}

async function refusals(checker: Checker): Promise<void> {
  for (const path of plainPaths) {
    if (path.startsWith("/health") || path.endsWith(".json")) continue;
    assertEquals((await checker.ask(sample, `${path}?nonsense=1`)).body.code, "bad-query", path);
    const foreign = await checker.ask(sample, path, { headers: { Host: "evil.example.org" } });
    assertEquals(foreign.body.code, "foreign-host", path);
  }
  const of = "/api/v1/jobs/{locator}";
  for (const path of ["/api/v1/jobs/none/1/s/1/j", "/api/v1/jobs/%", "/api/v1/jobs/%E0%A4%A"]) {
    assertEquals((await checker.ask(sample, path, { of })).body.code, "job-not-waiting", path);
  }
}

async function commands(checker: Checker): Promise<void> {
  let answer: CommandAnswer = { kind: "accepted", message: "done" };
  const options = { tokens: [new Secret("t", () => token)], onCommand: () => Promise.resolve(answer) };
  const handler = handlerOf(() => pictureOf(sampleView), { commands: options });
  const authorization = `Bearer ${token}`;
  for (const [path, methods] of Object.entries(openapi.paths)) {
    if (methods["post"] === undefined) continue;
    const post = (more: RequestInit = {}): ReturnType<Checker["ask"]> =>
      checker.ask(handler, path, { method: "POST", headers: { authorization }, ...more });
    answer = { kind: "accepted", message: "done" };
    const body = path.endsWith("/canary") ? { body: '{"profile": "linux"}' } : {};
    assertEquals((await post(body)).status, 202);
    answer = { kind: "rejected", code: "not-done", message: "no", hint: "later" };
    assertEquals((await post({ body: "{}", ...body })).status, 409);
    assertEquals((await post({ headers: {} })).status, 401);
    assertEquals((await post({ body: '{"nonsense": 1}' })).status, 400);
    assertEquals((await post({ body: " ".repeat(5_000) })).status, 413);
    assertEquals((await checker.ask(sample, path, { method: "POST" })).status, 403);
  }
}

Deno.test("commands accept exactly the bodies that the OpenAPI document allows", async () => {
  const onCommand = (): Promise<CommandAnswer> => Promise.resolve({ kind: "accepted", message: "done" });
  const handler = handlerOf(() => pictureOf(sampleView), {
    commands: { tokens: [new Secret("t", () => token)], onCommand },
  });
  const values = ["linux", "", "a b", "x".repeat(101), "drain", "now", 3, null, true, [], {}];
  const bodies: readonly unknown[] = [
    ...values,
    ...["profile", "agent", "mode", "other"].flatMap((key) => values.map((value) => ({ [key]: value }))),
    { profile: "linux", mode: "now" },
  ];
  let allowed = 0;
  for (const [path, methods] of Object.entries(openapi.paths)) {
    if (methods["post"] === undefined) continue;
    for (const body of bodies) {
      const init = { method: "POST", headers: { authorization: `Bearer ${token}` }, body: JSON.stringify(body) };
      const { status } = await handler(new Request(`http://localhost${path}`, init));
      assertEquals(status, isDocumentedBody(path, body) ? 202 : 400, `${path} ${JSON.stringify(body)}`);
      if (status === 202) allowed++;
    }
  }
  assert(allowed > 10);
});

Deno.test("the OpenAPI document contains exactly the routes of the API, with unique operation ids", async () => {
  assertMatch(openapi.openapi, /^3\.1\./);
  const ids = Object.values(openapi.paths).flatMap((methods) =>
    Object.values(methods).map((each) => (each as unknown as { operationId: string }).operationId)
  );
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(
    Object.keys(openapi.paths).sort(),
    ["/api/v1/openapi.json", ...apiRoutes.map(({ path }) => path)].sort(),
  );
  for (const path of Object.keys(openapi.paths)) {
    if (path !== "/api/v1/openapi.json") assertEquals(findRoute(path.replace(/\{.*/, "x/y"))?.route.path, path);
  }
  for (const path of ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/status", "/api/commands/reboot"]) {
    assertEquals((await sample(new Request(`http://localhost${path}`))).status, 404, path);
  }
  const served = await (await sample(new Request("http://localhost/api/v1/openapi.json"))).json();
  assertEquals(Object.keys(served.paths), Object.keys(openapi.paths));
});

// deno-lint-ignore no-explicit-any
async function read(path: string, handler = sample): Promise<any> {
  return await (await handler(new Request(`http://localhost${path}`))).json();
}

Deno.test("filters of jobs match case-insensitively as GoCD does, and can be combined", async () => {
  const verdicts = new Set(sampleView.jobs.map(({ verdict }) => verdict));
  for (const verdict of verdicts) {
    const { jobs, total } = await read(`/api/v1/jobs?verdict=${verdict}`);
    assertEquals(jobs, sampleView.jobs.filter((job) => job.verdict === verdict));
    assertEquals(total, jobs.length);
  }
  const locators = async (query: string): Promise<readonly string[]> =>
    (await read(`/api/v1/jobs?${query}`)).jobs.map(({ locator }: { locator: string }) => locator);
  assertEquals(await locators("resource=WINDOWS"), ["desktop/3/build/1/msi"]);
  assertEquals(await locators("pipeline=Mobile"), ["mobile/88/build/1/ios"]);
  assertEquals(await locators("environment=build&search=runInstance-9"), ["shop/1204/test/1/unit-runInstance-9"]);
  assertEquals(await locators("profile=windows"), ["desktop/3/build/1/msi"]);
  assertEquals(await locators("code=run-on-all"), ["infra/7/audit/1/scan-runOnAll-3"]);
  assertEquals(await locators("verdict=unserved&pipeline=shop"), []);
});

Deno.test("filters of agents and of GoCD agents return the matching ones", async () => {
  for (const [state, key] of [["building", "agents"], ["pending", "gocdAgents"]] as const) {
    const path = key === "agents" ? "agents" : "gocd-agents";
    const all = key === "agents" ? sampleView.instances : sampleView.gocdAgents;
    const wanted = (all as readonly { readonly state: string }[]).filter((each) => each.state === state);
    assert(wanted.length > 0);
    assertEquals((await read(`/api/v1/${path}?state=${state}`))[key], wanted);
  }
  const [instance] = sampleView.instances;
  const found = await read(`/api/v1/agents?host=${instance?.host}&search=${instance?.taskId}`);
  assertEquals(found.agents, [instance]);
});

Deno.test("the links to next pages lead through the whole list", async () => {
  const view = largeView(1_234, 3);
  const handler = handlerOf(() => pictureOf(view));
  const seen: string[] = [];
  let path: string | undefined = "/api/v1/jobs?limit=500&pipeline=shop";
  for (let pages = 0; path !== undefined; pages++) {
    assert(pages < 5);
    const page = await read(path, handler);
    assertEquals([page.total, page.offset], [1_234, seen.length]);
    seen.push(...page.jobs.map(({ locator }: { locator: string }) => locator));
    path = page.next;
  }
  assertEquals(seen, view.jobs.map(({ locator }) => locator));
  assertEquals((await read("/api/v1/jobs", handler)).jobs.length, 500);
  assertEquals((await read("/api/v1/jobs?offset=2000", handler)).jobs, []);
});

Deno.test("events keep their ids when older ones are dropped, and can be filtered by id, time, level and code", async () => {
  const notes: readonly NoteView[] = (["info", "warning", "error"] as const).map((level, index) => ({
    atMs: Date.UTC(2026, 10, 1, 12, index),
    level,
    code: `code-${level}`,
    text: "x",
  }));
  const handler = handlerOf(() => pictureOf(sampleView, { notes, notesBefore: 40 }));
  const ids = async (query: string): Promise<readonly number[]> =>
    (await read(`/api/v1/events?${query}`, handler)).events.map(({ id }: { id: number }) => id);
  assertEquals(await ids(""), [41, 42, 43]);
  assertEquals(await ids("after=41"), [42, 43]);
  assertEquals(await ids("after=43"), []);
  assertEquals(await ids("since=2026-11-01T12:01:00Z"), [42, 43]);
  assertEquals(await ids("since=2026-11-01T14:01:00%2B02:00"), [42, 43]);
  assertEquals(await ids(`since=${Date.UTC(2026, 10, 1, 12, 2)}`), [43]);
  assertEquals(await ids("level=warning"), [42, 43]);
  assertEquals(await ids("code=code-info"), [41]);
  assertEquals(await ids("limit=1"), [43]);
  assertEquals((await read("/api/v1/events?after=43", handler)).lastId, 43);
  assertEquals((await read("/api/v1/events", handlerOf(() => pictureOf(sampleView)))).lastId, 0);
});

const bad: readonly (readonly [path: string, message: RegExp])[] = [
  ["/api/v1/jobs?verdict=none", /^verdict: "none" is none of needs-agent, /],
  ["/api/v1/jobs?limit=0", /^limit: "0" is not a whole number from 1 to 10000$/],
  ["/api/v1/jobs?limit=10001", /not a whole number/],
  ["/api/v1/jobs?limit=1e3", /not a whole number/],
  ["/api/v1/jobs?offset=-1", /not a whole number/],
  ["/api/v1/jobs?pipeline=", /not a text of 1 to 1000/],
  ["/api/v1/jobs?pipeline=a&pipeline=b", /given twice/],
  ["/api/v1/jobs?verdct=coming", /there is no parameter "verdct"/],
  ["/api/v1/status?x", /there is no parameter "x"/],
  ["/api/v1/events?since=yesterday", /is not a time/],
  ["/api/v1/events?since=2026-11-01", /is not a time/],
  ["/api/v1/events?since=2026-13-01T00:00:00Z", /is not a time/],
  ["/api/v1/events?level=debug", /is none of info, warning, error/],
];
for (const [path, message] of bad) {
  Deno.test(`${path} is refused with a message and a hint`, async () => {
    const answer = await sample(new Request(`http://localhost${path}`));
    const body = await answer.json();
    assertEquals([answer.status, body.code], [400, "bad-query"]);
    assertMatch(body.message, message);
    assert(body.hint.length > 5);
  });
}

Deno.test("a standby returns its status, and refuses lists with the address of the leader", async () => {
  const handler = handlerOf(() => pictureOf(standby("http://one:8090")));
  assertEquals((await read("/api/v1/status", handler)).leadership.leader, "http://one:8090");
  const answer = await handler(new Request("http://localhost/api/v1/jobs"));
  assertEquals(answer.status, 503);
  assertStringIncludes((await answer.json()).message, "http://one:8090 leads");
});

Deno.test("on a private listener the API requires the token", async () => {
  const options = { tokens: [new Secret("t", () => token)], onCommand: () => Promise.reject(new Error()) };
  const handler = handlerOf(() => pictureOf(sampleView), { commands: options, isPrivate: true });
  const status = async (headers: HeadersInit): Promise<number> =>
    (await handler(new Request("http://localhost/api/v1/status", { headers }))).status;
  assertEquals(await status({}), 404);
  assertEquals(await status({ authorization: `Bearer ${token}` }), 200);
});

Deno.test("the counts of the summary equal those of the lists, with the longest wait of each verdict", async () => {
  const { jobs, agents, limits } = await read("/api/v1/status");
  const oldest = Math.min(...sampleView.jobs.map(({ firstSeenMs }) => firstSeenMs));
  assertEquals(jobs.waiting, sampleView.jobs.length);
  assertEquals(jobs.verdicts.reduce((sum: number, each: { jobs: number }) => sum + each.jobs, 0), jobs.waiting);
  const times = jobs.verdicts.flatMap((each: { oldest?: { firstSeenMs: number } }) => each.oldest?.firstSeenMs ?? []);
  assertEquals(Math.min(...times), oldest);
  assertEquals(agents.building, sampleView.instances.filter(({ state }) => state === "building").length);
  assertEquals(limits[0].maxAgents, sampleView.maxAgents);
  assertEquals(limits.slice(1).map(({ profile }: { profile: string }) => profile), ["linux", "deploy"]);
});

Deno.test("any name is preserved in paths and JSON", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constant(hostileName), fc.string({ unit: "grapheme", minLength: 1 })),
      async (name) => {
        const [job] = sampleView.jobs;
        if (job === undefined) throw new Error("the sample has no job");
        const locator = `evil/1/s/1/${name}`;
        const handler = handlerOf(() => pictureOf({ ...sampleView, jobs: [{ ...job, locator, name }] }));
        const why = await read(`/api/v1/jobs/${encodeURIComponent(locator)}`, handler);
        assertEquals(why.job?.name, name);
      },
    ),
    { numRuns: 50 },
  );
});
