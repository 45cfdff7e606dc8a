// Which agents may run in a container under another name, condition by condition: while there is one, no KILL leaves.
// Stories: recognition_test.ts, another_container_test.ts.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { possibleAgents, ruleOf, unlistedSince } from "../../../src/core/identity/recognition.ts";
import type { AgentInstance, InstanceIdentity, InstanceMarks, InstancePhase } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  gocdAgent,
  lostContact,
  minute,
  missing,
  pending,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt, stateOf } from "../instance_fixtures.ts";

const launchedMs = zeroMs + minute;
const appearedMs = zeroMs + 2 * minute;
const nowMs = zeroMs + 20 * minute;

const runs: InstancePhase = { state: "starting", sinceMs: launchedMs, runningSinceMs: launchedMs };
const waits: InstancePhase = { state: "starting", sinceMs: launchedMs };
const own = (phase: InstancePhase, changes: Partial<InstanceIdentity & InstanceMarks> = {}): AgentInstance =>
  anInstance("t", phase, { createdMs: launchedMs, ...changes });
const nameless = gocdAgent("x", building);

interface Case {
  readonly instance?: AgentInstance;
  readonly agents?: readonly GocdAgent[];
  readonly others?: readonly AgentInstance[];
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
}

/** Whether the nameless agent may be that of the container. */
function isPossible(given: Case): boolean {
  const { instance = own(runs), agents = [nameless], others = [], server = {}, parts = {} } = given;
  const known = { agents, appearedMs: new Map([["uuid-x", appearedMs]]), ...server };
  return possibleAgents(draftAt(nowMs, [instance, ...others], known, parts), instance).length > 0;
}

const shown = (changes: Partial<GocdAgent>): Pick<Case, "agents"> => ({ agents: [gocdAgent("x", changes)] });
const unlisted = (changes: Partial<GocdAgent>): Case => ({
  agents: [],
  server: { unlisted: new Map([["uuid-x", { gocdAgent: gocdAgent("x", changes), sinceMs: nowMs }]]) },
});
const lostSince = (forMs: number): Pick<Case, "server"> => ({
  server: { lostSinceMs: new Map([["uuid-x", nowMs - forMs]]) },
});
const appeared = (ms: number): Pick<Case, "server"> => ({ server: { appearedMs: new Map([["uuid-x", ms]]) } });
const idleFor = (forMs: number): Pick<Case, "server"> => ({
  server: {
    appearedMs: new Map([["uuid-x", appearedMs]]),
    idleSinceMs: new Map([["uuid-x", nowMs - forMs]]),
    disabledIdleSinceMs: new Map([["uuid-x", nowMs - forMs]]),
    healthySinceMs: zeroMs,
  },
});
const prod = [{ name: "Prod", origin: "gocd" }] as const;

const cases: readonly (readonly [what: string, given: Case, want: boolean])[] = [
  ["nothing speaks against it", {}, true],
  ["it is no more listed, and built", unlisted(building), true],
  ["it is no more listed, and was silent", unlisted(lostContact), false],
  ["it is no more listed, and was Missing", unlisted(missing), false],
  ["it is a plugin's", shown({ elastic: true }), false],
  ["it is Pending", shown({ ...pending, gocdResources: ["linux"] }), false],
  ["it is known to be another's", {
    others: [anInstance("o", { state: "starting", pendingUuid: "uuid-x" })],
  }, false],
  ["it is known to be its own", { instance: own({ ...runs, pendingUuid: "uuid-x" }) }, true],
  ["it bears the name of the task", {
    agents: [gocdAgent("gocd-abc123-default-1", { ...building, uuid: "uuid-x" })],
    instance: { ...own(runs), taskId: "gocd-abc123-default-1" },
  }, true],
  ["it bears the name of another task", {
    agents: [gocdAgent("gocd-abc123-default-2", { ...building, uuid: "uuid-x" })],
  }, false],
  ["it appeared with the launch", appeared(launchedMs), true],
  ["it appeared before the launch", appeared(launchedMs - 1), false],
  ["it was there before the launch of an earlier run", {
    ...appeared(zeroMs - 1),
    instance: own(runs, { createdMs: zeroMs }),
  }, true],
  ["it was there at the launch of an earlier run, as stored", {
    ...appeared(zeroMs - 1),
    instance: own(runs, { createdMs: zeroMs, strangers: ["uuid-x"] }),
  }, false],
  ["it was there before the container was adopted", {
    ...appeared(launchedMs - 1),
    instance: own(runs, { adopted: true }),
  }, true],
  ["it has been silent for a minute", { ...shown(lostContact), ...lostSince(minute) }, false],
  ["it has been silent for less", { ...shown(lostContact), ...lostSince(minute - 1) }, true],
  ["it has been Missing for five minutes", { ...shown(missing), ...lostSince(5 * minute) }, false],
  ["it has been Missing for less", { ...shown(missing), ...lostSince(5 * minute - 1) }, true],
  ["it has nothing, as an agent that is set up by hand", shown({ ...building, gocdResources: [] }), true],
  ["it has other resources", shown({ ...building, gocdResources: ["arm"] }), false],
  ["it has other resources, and the container was adopted", {
    ...shown({ ...building, gocdResources: ["arm"] }),
    instance: own(runs, { adopted: true }),
  }, true],
  ["it has one resource of several", shown({ ...building, gocdResources: ["arm", "LINUX"] }), true],
  ["it has the resource in capitals, which differ there", {
    ...shown({ ...building, gocdResources: ["LINUX"] }),
    server: { info: { ...serverInfo, resourceCase: "sensitive" } },
  }, false],
  [
    "it is in another environment and has no resources",
    shown({ ...building, gocdResources: [], environments: prod }),
    false,
  ],
  ["it is in the environment of the launch and has other resources", {
    ...shown({ ...building, gocdResources: ["arm"], environments: prod }),
    instance: own(runs, { environment: "prod" }),
  }, true],
  ["the container does not run yet, and it builds", { instance: own(waits) }, true],
  ["the container does not run yet, and it has been idle for a minute", {
    ...shown({}),
    ...idleFor(minute),
    instance: own(waits),
  }, false],
  ["the container does not run yet, and it has been idle for less", {
    ...shown({}),
    ...idleFor(minute - 1),
    instance: own(waits),
  }, true],
  ["the container does not run yet, and nobody knows since when it is idle", {
    ...shown({}),
    instance: own(waits),
  }, true],
  ["the container does not run yet, and it is disabled", {
    ...shown({ configState: "Disabled" }),
    instance: own(waits),
  }, false],
  ["the container does not run yet, and it is disabled and builds", {
    ...shown({ ...building, configState: "Disabled" }),
    instance: own(waits),
  }, true],
  ["the container is not even staged, and it has been idle for a minute", {
    ...shown({}),
    ...idleFor(minute),
    instance: own({ state: "launching", sinceMs: launchedMs }),
  }, false],
  ["the container runs, and it has been idle for long", { ...shown({}), ...idleFor(9 * minute) }, true],
];

for (const [what, given, want] of cases) {
  Deno.test(`an agent ${want ? "may" : "cannot"} be that of a container if ${what}`, () => {
    assertEquals(isPossible(given), want);
  });
}

const bridged: Partial<InstanceIdentity & InstanceMarks> = { network: "BRIDGE", addresses: ["172.17.0.2"] };
const elsewhere:
  readonly (readonly [string, Partial<InstanceMarks & InstanceIdentity>, Partial<GocdAgent>, number, boolean])[] = [
    ["for a minute", bridged, { ipAddress: "10.1.2.3" }, minute, false],
    [
      "for a minute, in a network of its own",
      { ...bridged, network: "USER" },
      { ipAddress: "10.1.2.3" },
      minute,
      false,
    ],
    ["for a minute, in the host's network", { ...bridged, network: "HOST" }, { ipAddress: "10.1.2.3" }, minute, true],
    ["for less", bridged, { ipAddress: "10.1.2.3" }, minute - 1, true],
    ["for a minute, disabled", bridged, { ipAddress: "10.1.2.3", configState: "Disabled" }, minute, false],
    ["for less, disabled", bridged, { ipAddress: "10.1.2.3", configState: "Disabled" }, minute - 1, true],
  ];
for (const [what, marks, changes, forMs, want] of elsewhere) {
  Deno.test(`an idle agent that shows another address ${what} ${want ? "may" : "cannot"} be that of a container`, () => {
    assertEquals(isPossible({ ...shown(changes), ...idleFor(forMs), instance: own(runs, marks) }), want);
  });
}

Deno.test("an idle agent may be that of a container whose address, or whose own, is not reported, or is the same", () => {
  const { addresses: _, ...untold } = bridged;
  for (
    const [marks, ipAddress] of [
      [bridged, "172.17.0.2"],
      [bridged, ""],
      [bridged, undefined],
      [{ ...bridged, addresses: [] }, "10.1.2.3"],
      [untold, "10.1.2.3"],
    ] as const
  ) {
    const changes = ipAddress === undefined ? {} : { ipAddress };
    assertEquals(isPossible({ ...shown(changes), ...idleFor(minute), instance: own(runs, marks) }), true);
  }
});

Deno.test("an agent with another address may be that of a container until it was seen idle", () => {
  const { server } = idleFor(minute);
  for (const configState of ["Enabled", "Disabled"]) {
    const given = {
      ...shown({ ipAddress: "10.1.2.3", configState }),
      server: { ...server, idleSinceMs: new Map(), disabledIdleSinceMs: new Map() },
    };
    assertEquals(isPossible({ ...given, instance: own(runs, bridged) }), true);
  }
});

Deno.test("a disabled agent that shows another address must be as surely idle as before a DELETE", () => {
  const { server } = idleFor(minute);
  const given = shown({ ipAddress: "10.1.2.3", configState: "Disabled" });
  const healthySince = (ms: number): boolean =>
    isPossible({ ...given, server: { ...server, healthySinceMs: nowMs - ms }, instance: own(runs, bridged) });
  assertEquals([healthySince(20 * second - 1), healthySince(20 * second)], [true, false]);
});

const overlay: Partial<InstanceIdentity & InstanceMarks> = { network: "USER", addresses: ["10.9.0.7"] };
const neighbour = (
  phase: Partial<InstancePhase> & Pick<InstancePhase, "state">,
  changes: Partial<InstanceIdentity & InstanceMarks> = {},
): AgentInstance =>
  anInstance("o", phase, { network: "USER", addresses: ["10.9.0.8"], createdMs: launchedMs, ...changes });
const living = neighbour({ state: "starting", runningSinceMs: launchedMs });
const ended = (ms: number): AgentInstance => neighbour({ state: "gone", sinceMs: ms, cause: "exited", message: "" });
const there: Partial<GocdAgent> = { ...building, ipAddress: "10.9.0.8" };
const asked = { reconciliation: { pending: new Set(["t"]), explicitDelayMs: 0, nextExplicitMs: Infinity } };

const inAnother: readonly (readonly [what: string, given: Case, want: boolean])[] = [
  ["that runs", { others: [living] }, false],
  ["that has two", { others: [neighbour({ state: "starting" }, { addresses: ["10.9.0.6", "10.9.0.8"] })] }, false],
  [
    "that was launched as it appeared",
    { others: [neighbour({ state: "starting" }, { createdMs: appearedMs })] },
    false,
  ],
  ["that was launched later", { others: [neighbour({ state: "starting" }, { createdMs: appearedMs + 1 })] }, true],
  ["that ended as it appeared", { others: [ended(appearedMs)] }, false],
  ["that had ended before", { others: [ended(appearedMs - 1)] }, true],
  ["on Docker's bridge", { others: [neighbour({ state: "starting" }, { network: "BRIDGE" })] }, true],
  ["of another", { others: [neighbour({ state: "starting" }, { addresses: ["10.9.0.9"] })] }, true],
  ["and that of this one is not told", { others: [living], instance: own(runs, { network: "USER" }) }, true],
  ["and this one has none", { others: [living], instance: own(runs, { ...overlay, addresses: [] }) }, true],
  ["and of this one", { others: [living], instance: own(runs, { ...overlay, addresses: ["10.9.0.8"] }) }, true],
  ["and of this one, which has two", {
    others: [living],
    instance: own(runs, { ...overlay, addresses: ["10.9.0.7", "10.9.0.8"] }),
  }, true],
  [
    "beside one that tells none",
    { others: [anInstance("n", { state: "starting" }, { network: "USER" }), living] },
    false,
  ],
  ["and this one shares its own", { others: [living], instance: own(runs, { ...overlay, network: "HOST" }) }, true],
  ["and came ten seconds ago", { others: [living], ...appeared(nowMs - 10 * second) }, false],
  ["and came just now", { others: [living], ...appeared(nowMs - 10 * second + 1) }, true],
  ["and nobody knows since when", { others: [living], server: { appearedMs: new Map() } }, true],
  ["and this one is of an earlier run, named by Mesos", {
    others: [living],
    instance: own(runs, { ...overlay, createdMs: zeroMs }),
  }, false],
  ["and this one is of an earlier run, and Mesos is asked for it", {
    others: [living],
    instance: own(runs, { ...overlay, createdMs: zeroMs }),
    parts: asked,
  }, true],
];
for (const [what, given, want] of inAnother) {
  Deno.test(`an agent that builds at the address of another container ${what} ${want ? "may" : "cannot"} be that of this one`, () => {
    assertEquals(isPossible({ ...shown(there), instance: own(runs, overlay), ...given }), want);
  });
}

Deno.test("an agent without an address is in no other container", () => {
  assertEquals(isPossible({ instance: own(runs, overlay), others: [living] }), true);
});

Deno.test("as long as it is unknown how the server compares resources, case makes no difference", () => {
  const { server } = stateOf([]);
  const info = { ...serverInfo, resourceCase: "sensitive" } as const;
  assertEquals([ruleOf({ server }), ruleOf({ server: { ...server, info } })], ["insensitive", "sensitive"]);
});

Deno.test("a record that lists come to lack is remembered until they have lacked it for ten minutes, or show it again", () => {
  const seen = (
    unlistedMs: number | undefined,
    before: readonly GocdAgent[],
    now: readonly GocdAgent[],
  ): readonly (readonly [string, number])[] => {
    const unlisted = unlistedMs === undefined
      ? new Map()
      : new Map([["uuid-u", { gocdAgent: gocdAgent("u"), sinceMs: nowMs - unlistedMs }]]);
    const { server } = draftAt(nowMs, [], { agents: before, unlisted }).state;
    return [...unlistedSince(server, now, nowMs)].map(([uuid, { sinceMs }]) => [uuid, nowMs - sinceMs]);
  };
  const [a, b, u] = ["a", "b", "u"].map((name) => gocdAgent(name));
  if (a === undefined || b === undefined || u === undefined) throw new Error("three agents");
  assertEquals(seen(undefined, [a, b], [b]), [["uuid-a", 0]]);
  assertEquals(seen(5, [a], []), [["uuid-u", 5], ["uuid-a", 0]]);
  assertEquals([seen(5, [a], [a, u]), seen(5, [a], [a])], [[], [["uuid-u", 5]]]);
  assertEquals([seen(10 * minute - 1, [], []), seen(10 * minute, [], [])], [[["uuid-u", 10 * minute - 1]], []]);
});

Deno.test("a list that lacks nothing changes nothing", () => {
  const { server } = draftAt(nowMs, [], { agents: [nameless] }).state;
  assertEquals(unlistedSince(server, [nameless, gocdAgent("new")], nowMs) === server.unlisted, true);
});

Deno.test("an idle agent is not that of a container whose image is pulled, but may be that of one that Docker starts", () => {
  const idle = (instance: AgentInstance): boolean =>
    isPossible({ instance, agents: [gocdAgent("x")], ...idleFor(10 * minute) });
  assertEquals([idle(own(waits)), idle(own(waits, { mayRun: true })), idle(own(runs))], [false, true, true]);
});
