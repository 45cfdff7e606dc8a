// All parts together on a virtual clock: errors of a part, calls and their events, the end.

import { assertEquals, assertRejects } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import { type GocdApi, GocdError } from "../../src/gocd/api.ts";
import { type MesosApi, MesosError, type MesosSession } from "../../src/mesos/api.ts";
import { createFramework, type Framework } from "../../src/runtime/framework.ts";
import { Observations } from "../../src/runtime/observations.ts";
import { createPerformer, type Performer } from "../../src/runtime/perform.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { problem, serverInfo } from "../support/core.ts";
import { settle, type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const text = `gocd-mesos {
  mesos-master: "m:5050", go-server { host: "g", port: "8153" }, go-agent { docker-image: "i" }
}`;
const config = loadConfig("framework.conf", {}, () => text);

const gocd: GocdApi = {
  poll: () => Promise.resolve({ server: serverInfo, jobs: [], agents: [], findings: [] }),
  readAgents: () => Promise.resolve([]),
  enableAgent: () => Promise.resolve(),
  disableAgents: () => Promise.resolve(),
  deleteAgents: () => Promise.resolve(),
  rights: () => Promise.resolve({ admin: "yes", detail: "" }),
};

/** A master that never answers. */
const mesos: MesosApi = {
  subscribe: (_identity, _id, signal) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new MesosError("unreachable", "gone", "look")), { once: true })
    ),
  probe: () => Promise.reject(new Error("not asked")),
  frameworksNamed: () => Promise.resolve(undefined),
};

async function framework(
  ports: { readonly gocd?: Partial<GocdApi>; readonly mesos?: MesosApi },
  observations?: Observations,
): Promise<{ readonly framework: Framework; readonly clock: VirtualClock }> {
  const clock = virtualClock();
  const store = openMemoryStore(createMemoryDisk(), { newLineage: () => "abc123" });
  const made = await createFramework(config, {
    store,
    gocd: { ...gocd, ...ports.gocd },
    mesos: ports.mesos ?? mesos,
    clock,
    random: () => 0.5,
    tell: () => {},
  }, observations);
  return { framework: made, clock };
}

Deno.test("an error of one part ends the others and rejects run()", async () => {
  // A reading that no port gives: the core throws.
  const broken = { poll: () => Promise.resolve({ server: serverInfo, findings: [] } as never) };
  const { framework: made, clock } = await framework({ gocd: broken });
  const running = assertRejects(() => made.run(new AbortController().signal), TypeError);
  await clock.pass(2_000);
  await running;
  assertEquals(clock.sleepers, 0, "nothing goes on in the background");
});

Deno.test("run() ends immediately on abort although a server does not respond", async () => {
  const never = {
    poll: (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
  };
  const { framework: made, clock } = await framework({ gocd: never });
  const stop = new AbortController();
  const running = made.run(stop.signal);
  await clock.pass(5_000);
  stop.abort();
  assertEquals(await running, { kind: "stopped" });
  assertEquals(clock.sleepers, 0);
});

Deno.test("run() waits at most two seconds for a call that does not end", async () => {
  const { framework: made, clock } = await framework({ gocd: { poll: () => new Promise<never>(() => {}) } });
  const stop = new AbortController();
  let end: unknown;
  const running = made.run(stop.signal).then((how) => end = how);
  await clock.pass(5_000);
  stop.abort();
  await clock.pass(1_999);
  assertEquals(end, undefined);
  await clock.pass(1);
  await running;
  assertEquals(end, { kind: "stopped" });
});

Deno.test("a command for an unknown profile is refused with the names of the profiles", async () => {
  const { framework: made } = await framework({});
  assertEquals(await made.command({ kind: "launching-frozen", profile: "nobody" }), {
    code: "profile-unknown",
    message: "there is no profile nobody",
    hint: "name one of: default",
  });
});

Deno.test("counters continue when an instance leads again", async () => {
  const observations = new Observations();
  for (const expected of [1, 2]) {
    const { framework: made } = await framework({}, observations);
    made.tell({ kind: "leading" });
    const { notes, measured } = made.picture();
    assertEquals([notes.length, measured.notesByCode["leading"]], [expected, expected]);
  }
});

function session(send: MesosSession["send"]): MesosSession {
  return { master: "m:5050", events: ReadableStream.from<never>([]), send, close: () => {} };
}

interface PerformBench {
  readonly performer: Performer;
  readonly events: Event[];
  readonly observations: Observations;
  readonly failures: unknown[];
  readonly exits: string[];
}

function performBench(
  ports: {
    readonly gocd?: Partial<GocdApi>;
    readonly session?: MesosSession;
    readonly signal?: AbortSignal;
    readonly readStderr?: MesosApi["readStderr"];
  },
): PerformBench {
  const events: Event[] = [];
  const observations = new Observations();
  const failures: unknown[] = [];
  const exits: string[] = [];
  const performer = createPerformer({
    gocd: { ...gocd, ...ports.gocd },
    session: () => ports.session,
    readStderr: ports.readStderr,
    post: (event) => void events.push(event),
    signal: ports.signal ?? new AbortController().signal,
    observations,
    nowMs: () => 0,
    stepDown: () => {},
    endSession: () => {},
    leave: () => void exits.push("left"),
    exit: (message) => void exits.push(message),
    fail: (error) => void failures.push(error),
  });
  return { performer, events, observations, failures, exits };
}

function measuredBy({ observations }: PerformBench): unknown {
  const { pollDuration, mesosCalls } = observations.measured();
  return { polls: pollDuration.counts.reduce((sum, each) => sum + each, 0), mesosCalls };
}

const suppress: Effect = { kind: "suppress-offers", roles: ["*"] };
const refs = [{ taskId: "t", uuid: "u" }];

Deno.test("a successful call to GoCD posts its event", async () => {
  const bench = performBench({});
  bench.performer.perform({ kind: "poll-gocd" });
  bench.performer.perform({ kind: "read-gocd-agents" });
  bench.performer.perform({ kind: "disable-gocd-agents", agents: refs });
  await bench.performer.settled();
  assertEquals(bench.events.map((event) => event.kind), ["gocd-polled", "gocd-agents-read", "gocd-call-done"]);
  assertEquals(measuredBy(bench), { polls: 1, mesosCalls: {} });
});

Deno.test("the response of a Mesos agent posts an event, and a host that is not allowed is counted as an error", async () => {
  const answer = { kind: "not-allowed", host: "h1:5051" } as const;
  const bench = performBench({ readStderr: () => Promise.resolve(answer) });
  const request = {
    kind: "read-sandbox",
    taskId: "t",
    profile: "p",
    host: "h1",
    frameworkId: "f",
    address: { hostname: "h1", port: 5051 },
  } as const;
  bench.performer.perform(request);
  await bench.performer.settled();
  assertEquals(bench.events, [{ kind: "sandbox-read", request, answer }]);
  const errors = bench.observations.measured().totals["api-errors"];
  assertEquals(JSON.stringify(errors).includes("sandbox-not-allowed"), true);
});

Deno.test("a GocdError posts an event with its problem, and any other error one with gocd-internal", async () => {
  const bench = performBench({
    gocd: {
      poll: () => Promise.reject(new GocdError(problem({ code: "gocd-starting" }))),
      deleteAgents: () => Promise.reject(new RangeError("odd")),
    },
  });
  bench.performer.perform({ kind: "poll-gocd" });
  bench.performer.perform({ kind: "delete-gocd-agents", agents: refs });
  await bench.performer.settled();
  const codes = bench.events.map((event) => "problem" in event ? `${event.kind} ${event.problem.code}` : event.kind);
  assertEquals(codes, ["gocd-poll-failed gocd-starting", "gocd-call-failed gocd-internal"]);
});

for (
  const [name, send, outcome] of [
    ["refused", () => Promise.reject(new MesosError("call-refused", "400", "look")), "refused"],
    ["not sent", () => Promise.reject(new MesosError("call-void", "ended", "look")), "void"],
    ["lost", () => Promise.reject(new MesosError("call-unknown", "no answer", "look")), "unknown"],
    ["failed with an internal error", () => Promise.reject(new TypeError("odd")), "unknown"],
  ] as const
) {
  Deno.test(`a call to Mesos that is ${name} posts an event with the outcome ${outcome}`, async () => {
    const bench = performBench({ session: session(send) });
    bench.performer.perform(suppress);
    await bench.performer.settled();
    assertEquals(bench.events.map((event) => event.kind === "mesos-call-failed" ? event.outcome : event.kind), [
      outcome,
    ]);
    assertEquals(measuredBy(bench), { polls: 0, mesosCalls: { "suppress-offers": 1 } });
  });
}

Deno.test("a call to Mesos without a subscription posts a failure", async () => {
  const bench = performBench({});
  bench.performer.perform(suppress);
  await bench.performer.settled();
  assertEquals(bench.events.map((event) => event.kind), ["mesos-call-failed"]);
});

Deno.test("after the end aborted calls post no events", async () => {
  const end = new AbortController();
  const bench = performBench({
    signal: end.signal,
    gocd: { poll: () => Promise.reject(new GocdError(problem())) },
    session: session(() => Promise.reject(new MesosError("call-unknown", "aborted", ""))),
  });
  bench.performer.perform({ kind: "poll-gocd" });
  bench.performer.perform(suppress);
  end.abort();
  await bench.performer.settled();
  assertEquals(bench.events, []);
});

Deno.test("after a teardown no session is started, and the program exits once earlier calls have ended", async () => {
  const answered = Promise.withResolvers<void>();
  const bench = performBench({ session: session(() => answered.promise) });
  bench.performer.perform({ kind: "teardown-framework" });
  bench.performer.perform({ kind: "exit", message: "torn down" });
  await settle();
  assertEquals(bench.exits, ["left"]);
  answered.resolve();
  await bench.performer.settled();
  assertEquals(bench.exits, ["left", "torn down"]);
  assertEquals(bench.failures, []);
});
