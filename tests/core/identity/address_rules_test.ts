// What must be so for a container's address to prove its agent, condition by condition. Stories: recognition_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { agentByAddress, isJustThere } from "../../../src/core/identity/recognition.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import type { AgentInstance, EndCause, InstancePhase } from "../../../src/core/instance.ts";
import type { State } from "../../../src/core/state.ts";
import { gocdAgent, lostContact, minute, pending, second, serverInfo, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const address = "10.9.0.7";
const launchedMs = zeroMs + minute;
const appearedMs = zeroMs + 2 * minute;
const nowMs = zeroMs + 20 * minute;

const own = { createdMs: launchedMs, network: "USER", addresses: [address] } as const;
const running: InstancePhase = { state: "starting", sinceMs: launchedMs, runningSinceMs: launchedMs };
const container = anInstance("t", running, own);
const nameless = gocdAgent("x", { ipAddress: address });

interface Case {
  readonly instance?: AgentInstance;
  readonly agents?: readonly GocdAgent[];
  readonly others?: readonly AgentInstance[];
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
  readonly atMs?: number;
}

/** The uuid of the agent that the address proves. */
function told(given: Case): string | undefined {
  const { instance = container, agents = [nameless], others = [], server = {}, parts = {}, atMs = nowMs } = given;
  const known = { agents, appearedMs: new Map([["uuid-x", appearedMs], ["uuid-y", appearedMs]]), ...server };
  return agentByAddress(draftAt(atMs, [instance, ...others], known, parts), instance, indexGocdAgents(agents))?.uuid;
}

const without = (field: "addresses" | "network", instance = container): AgentInstance => {
  const { [field]: _, ...rest } = instance;
  return rest;
};
const pendingQuestion = { reconciliation: { pending: new Set(["t"]), explicitDelayMs: 0, nextExplicitMs: Infinity } };
const restored = anInstance("t", running, { ...own, createdMs: zeroMs });
const unreachable = (sinceMs: number, createdMs = launchedMs): AgentInstance =>
  anInstance("t", { state: "unreachable", sinceMs }, { ...own, createdMs });
const disabled = gocdAgent("x", { ipAddress: address, configState: "Disabled" });
const disabledSince = (ms: number): Partial<State["server"]> => ({ disabledSinceMs: new Map([["uuid-x", ms]]) });
const sensitive = { info: { ...serverInfo, resourceCase: "sensitive" } } as const;

const cases: readonly (readonly [what: string, given: Case, isTold: boolean])[] = [
  ["everything fits", {}, true],
  ["its network is not told", { instance: without("network") }, false],
  ["its network is Docker's bridge", { instance: { ...container, network: "BRIDGE" } }, false],
  ["no address is told", { instance: without("addresses") }, false],
  ["it has two addresses, and the second is shown", {
    instance: { ...container, addresses: ["10.9.0.6", address] },
  }, true],
  ["the address is another's", { agents: [gocdAgent("x", { ipAddress: "10.9.0.8" })] }, false],
  ["the record shows none", { agents: [gocdAgent("x")] }, false],
  ["another record is elsewhere", { agents: [gocdAgent("y", { ipAddress: "10.9.0.8" }), nameless] }, true],
  ["another record is there, too", { agents: [nameless, gocdAgent("y", { ipAddress: address })] }, false],
  ["another record there is known to be another's", {
    agents: [nameless, gocdAgent("y", { ipAddress: address })],
    others: [anInstance("o", { state: "starting", pendingUuid: "uuid-y" })],
  }, true],
  ["another record there has been silent for a minute", {
    agents: [nameless, gocdAgent("y", { ipAddress: address, ...lostContact })],
    server: { lostSinceMs: new Map([["uuid-y", nowMs - minute]]) },
  }, true],
  ["another record there has been silent for less", {
    agents: [nameless, gocdAgent("y", { ipAddress: address, ...lostContact })],
    server: { lostSinceMs: new Map([["uuid-y", nowMs - minute + 1]]) },
  }, false],
  ["it is known to be another's", {
    others: [anInstance("o", { state: "starting", pendingUuid: "uuid-x" })],
  }, false],
  ["it is silent", { agents: [gocdAgent("x", { ipAddress: address, ...lostContact })] }, false],
  ["it is Pending", { agents: [gocdAgent("x", { ...pending, ipAddress: address, gocdResources: ["linux"] })] }, false],
  ["it is in a state that nobody knows", {
    agents: [gocdAgent("x", { ipAddress: address, configState: "Archived" })],
  }, false],
  ["it is a plugin's", { agents: [gocdAgent("x", { ipAddress: address, elastic: true })] }, false],
  ["it is disabled, nobody knows since when", { agents: [disabled] }, false],
  ["it was disabled after it appeared", { agents: [disabled], server: disabledSince(appearedMs + 1) }, true],
  ["it was disabled when it appeared", { agents: [disabled], server: disabledSince(appearedMs) }, false],
  ["it was stored by an earlier run, and Mesos has named it", { instance: restored }, true],
  ["it was stored by an earlier run, and Mesos has yet to name it", {
    instance: restored,
    parts: pendingQuestion,
  }, false],
  ["it was launched in this run, and Mesos is asked", { parts: pendingQuestion }, true],
  ["it is unreachable, of this run, and the agent appeared before", { instance: unreachable(appearedMs) }, true],
  ["it is unreachable, and the agent appeared later", { instance: unreachable(appearedMs - 1) }, false],
  ["it is unreachable, of an earlier run", { instance: unreachable(nowMs, zeroMs) }, false],
  ["the agent appeared with the launch", { server: { appearedMs: new Map([["uuid-x", launchedMs]]) } }, true],
  ["the agent appeared before the launch", { server: { appearedMs: new Map([["uuid-x", launchedMs - 1]]) } }, false],
  ["the agent was there at the launch, as stored", { instance: { ...container, strangers: ["uuid-x"] } }, false],
  ["others were there at the launch, as stored", { instance: { ...container, strangers: ["uuid-z"] } }, true],
  ["it is adopted, and the agent appeared with that", {
    instance: { ...container, adopted: true, createdMs: appearedMs },
  }, true],
  ["it is adopted, and the agent was there before", {
    instance: { ...container, adopted: true, createdMs: appearedMs + 1 },
  }, false],
  ["the agent has been there for ten seconds", { atMs: appearedMs + 10 * second }, true],
  ["the agent has been there for less", { atMs: appearedMs + 10 * second - 1 }, false],
  ["nobody knows since when the agent is there", { server: { appearedMs: new Map() } }, false],
  ["the agent has more resources", {
    agents: [gocdAgent("x", { ipAddress: address, gocdResources: ["linux", "java"] })],
  }, false],
  ["the agent has the resource in capitals", {
    agents: [gocdAgent("x", { ipAddress: address, gocdResources: ["Linux"] })],
  }, true],
  ["the agent has the resource in capitals, which differ there", {
    agents: [gocdAgent("x", { ipAddress: address, gocdResources: ["Linux"] })],
    server: sensitive,
  }, false],
  ["the agent is in an environment", {
    agents: [gocdAgent("x", { ipAddress: address, environments: [{ name: "prod", origin: "gocd" }] })],
  }, false],
  ["the agent bears the name of another task", {
    agents: [gocdAgent("gocd-zzz999-default-7", { uuid: "uuid-x", ipAddress: address })],
  }, false],
];

for (const [what, given, isTold] of cases) {
  Deno.test(`an address ${isTold ? "identifies" : "does not identify"} the agent if ${what}`, () => {
    assertEquals(told(given), isTold ? "uuid-x" : undefined);
  });
}

const other = (phase: Partial<InstancePhase> & Pick<InstancePhase, "state">, addresses = [address]): AgentInstance =>
  anInstance("o", phase, { addresses });
const dead = (forMs: number, uuid?: string): AgentInstance =>
  other({
    state: "gone",
    sinceMs: nowMs - forMs,
    cause: "exited",
    message: "",
    ...(uuid === undefined ? {} : { uuid }),
  });

/** Another one that has ended without an address. */
const nowhere = (cause: EndCause, forMs = 0): AgentInstance =>
  anInstance("o", { state: "gone", sinceMs: nowMs - forMs, cause, message: "" }, { network: "USER" });
const silent = (forMs: number): AgentInstance =>
  anInstance("o", { state: "unreachable", sinceMs: nowMs - forMs }, { network: "USER" });

Deno.test("an address identifies no agent if another container has one of several addresses", () => {
  const instance = { ...container, addresses: ["10.9.0.6", address] };
  assertEquals(told({ instance, others: [other({ state: "starting" })] }), undefined);
});

const neighbours: readonly (readonly [what: string, neighbour: AgentInstance, isTold: boolean, agent?: GocdAgent])[] = [
  ["may have registered under it", other({ state: "starting" }), false],
  ["has another address", other({ state: "starting" }, ["10.9.0.8"]), true],
  ["has two addresses, one of which it is", other({ state: "starting" }, ["10.9.0.8", address]), false],
  ["tells no address", anInstance("o", { state: "starting" }), true],
  ["was lost before it told its address", nowhere("lost"), false],
  ["was lost before it told its address, 400 s ago", nowhere("lost", 400 * second), true],
  ["was stopped before it told its address", nowhere("stopped"), false],
  ["never told its address, which Docker's bridge would give", { ...nowhere("lost"), network: "BRIDGE" }, true],
  ["never told its address, in a network that is not known", without("network", nowhere("lost")), false],
  ["failed before it had an address", nowhere("launch-failed"), true],
  ["was dropped", nowhere("dropped"), true],
  ["was lost after it told another address", { ...nowhere("lost"), addresses: ["10.9.0.8"] }, true],
  ["is unreachable since less than 400 s, and has told no address", silent(400 * second - 1), false],
  ["is unreachable since 400 s, and has told no address", silent(400 * second), true],
  ["has an agent that is known", other({ state: "starting", pendingUuid: "uuid-o" }), true],
  ["ended unknown less than 400 s ago", dead(400 * second - 1), false],
  ["ended unknown 400 s ago", dead(400 * second), true],
  ["ended unknown 400 s ago, and the record is disabled", dead(400 * second), false, disabled],
  ["ended just now, and its agent is known", dead(0, "uuid-o"), true],
];

for (const [what, neighbour, isTold, agent = nameless] of neighbours) {
  Deno.test(`an address ${isTold ? "identifies" : "does not identify"} the agent next to another container that ${what}`, () => {
    const given = { agents: [agent], others: [neighbour], server: disabledSince(appearedMs + 1) };
    assertEquals(told(given), isTold ? "uuid-x" : undefined);
  });
}

Deno.test("up to GoCD 17.8 a disabled record from before the launch hides no agent at its address", () => {
  const old = gocdAgent("y", { ipAddress: address, configState: "Disabled" });
  const beside = (version: string, agent: GocdAgent, sinceMs: number): string | undefined =>
    told({
      agents: [nameless, agent],
      server: {
        info: { ...serverInfo, version },
        appearedMs: new Map([["uuid-x", appearedMs], ["uuid-y", sinceMs]]),
      },
    });
  assertEquals([
    beside("<16.6", old, launchedMs - 1),
    beside("17.8.0", old, launchedMs - 1),
    beside("17.8.0", old, launchedMs),
    beside("17.9.0", old, launchedMs - 1),
    beside("17.8.0", { ...old, configState: "Enabled" }, launchedMs - 1),
  ], ["uuid-x", "uuid-x", undefined, undefined, undefined]);
});

Deno.test("as long as the version of the server is not known, every record at its address may be the agent", () => {
  const old = gocdAgent("y", { ipAddress: address, configState: "Disabled" });
  const { state } = draftAt(nowMs, [container], {
    agents: [nameless, old],
    appearedMs: new Map([["uuid-x", appearedMs], ["uuid-y", launchedMs - 1]]),
  });
  const { info: _, ...server } = state.server;
  assertEquals(
    agentByAddress(new Draft({ ...state, server }, nowMs, 0.5), container, indexGocdAgents(server.agents)),
    undefined,
  );
});

Deno.test("another record at its own address may be its agent for ten seconds", () => {
  const activity = { kind: "idle", sinceMs: launchedMs } as const;
  const registered = { state: "registered", sinceMs: launchedMs, uuid: "uuid-own", activity } as const;
  const isThere = (changes: Partial<AgentInstance>, agents: readonly GocdAgent[], shownMs?: number): boolean => {
    const appearedMs = new Map(
      shownMs === undefined ? [] : agents.map(({ uuid }) => [uuid, nowMs - shownMs] as const),
    );
    const instance = anInstance("gocd-abc123-default-1", registered, { ...own, ...changes });
    return isJustThere(draftAt(nowMs, [instance], { agents, appearedMs }), instance);
  };
  const moment = 10 * second - 1;
  assertEquals([
    isThere({}, [nameless], moment),
    isThere({}, [nameless], moment + 1),
    isThere({}, [nameless]),
    isThere({ network: "BRIDGE" }, [nameless], moment),
    isThere({ addresses: ["10.9.0.8"] }, [nameless], moment),
    isThere({ addresses: [] }, [nameless], moment),
    isThere({}, [{ ...nameless, uuid: "uuid-own" }], moment),
    isThere({}, [], moment),
    isThere({}, [{ ...nameless, hostname: "gocd-abc123-default-2" }], moment),
    isThere({}, [{ ...nameless, gocdResources: ["windows"] }], moment),
    isThere({}, [{ ...nameless, gocdResources: ["windows"] }, { ...nameless, uuid: "uuid-y" }], moment),
  ], [true, false, false, false, false, false, false, false, false, false, true]);
});
