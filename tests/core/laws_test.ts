// Laws of the core under random events: tests/support/core_laws.ts holds every step against them.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import type { Event } from "../../src/core/event.ts";
import type { Effect, MesosEffect } from "../../src/core/effect.ts";
import type { GocdAgent, ScheduledJob } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { initialState } from "../../src/core/step.ts";
import {
  drive,
  type Driver,
  gocdAgent,
  job,
  offer,
  problem,
  second,
  serverInfo,
  someSettings,
  subscribedEvent,
} from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

const profiles = [
  aProfile({ gocdResources: ["linux"], maxAgents: 6, idleTimeoutMs: 20 * second }),
  aProfile({
    name: "prod",
    gocdResources: "*",
    environments: ["prod"],
    minIdle: 1,
    role: "qa",
    drainTimeoutMs: 900_000,
  }),
];
const scaling = { maxAgents: 8, launchTimeoutMs: 120 * second };

/** One draw: what happens, and numbers to choose with. */
interface Draw {
  readonly what: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const kinds = [
  ...["tick", "tick", "tick", "poll", "poll", "read", "read", "read", "offers", "offers", "offers"],
  ...["status", "status", "status", "status", "subscribe", "disconnect", "failed", "done", "callFailed", "mesosFailed"],
  ...["inverse", "freeze", "resume", "drain", "settings", "agentFailed", "error", "teardown", "shutdown"],
];
const draw: fc.Arbitrary<Draw> = fc.record({
  what: fc.constantFrom(...kinds),
  a: fc.nat(1_000),
  b: fc.nat(1_000),
  c: fc.nat(1_000),
});

const states = [
  ...["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"],
  ...["TASK_FAILED", "TASK_FINISHED", "TASK_LOST", "TASK_DROPPED", "TASK_UNREACHABLE", "TASK_GONE", "TASK_UNKNOWN"],
  "TASK_SOMETHING_NEW",
];
const shown: readonly Partial<GocdAgent>[] = [
  {},
  {},
  { agentState: "Building", buildState: "Building" },
  { agentState: "Building", buildState: "Cancelled" },
  { agentState: "LostContact", buildState: "Unknown" },
  { agentState: "Missing", buildState: "Unknown" },
  { agentState: "Unknown", buildState: "Unknown" },
  { agentState: "Sleeping" },
];
const configStates = ["Enabled", "Enabled", "Enabled", "Disabled", "Pending", "Archived"];

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

function someJobs({ a, b }: Draw): ScheduledJob[] {
  return Array.from({ length: a % 8 }, (_, index) =>
    job(`j${(b + index) % 12}`, {
      gocdResources: pick([["linux"], ["linux"], [], ["Linux"], ["gpu"], ["c++"]], b + index) ?? [],
      ...((a + index) % 3 === 0 ? { environment: "prod" } : {}),
    }));
}

/** Records of living and dead instances in any state, now and then none or two, and strangers. */
function someAgents(world: Driver, { a, b, c }: Draw): GocdAgent[] {
  const own = [...world.state.instances.keys()].flatMap((taskId, index) => {
    const at = a * (index + 1) + b;
    if (at % 5 === 0) return [];
    const changes = { ...pick(shown, at + c), configState: pick(configStates, at + a) ?? "Enabled" };
    const second = at % 11 === 0 ? [gocdAgent(taskId, { uuid: `again-${taskId}`, ...pick(shown, at) })] : [];
    return [gocdAgent(taskId, changes), ...second];
  });
  const strangers = Array.from({ length: c % 3 }, (_, index) =>
    gocdAgent(`stranger-${index}`, {
      ...pick(shown, a + index),
      configState: pick(configStates, b + index) ?? "Enabled",
      elastic: (a + index) % 4 === 0,
    }));
  return [...own, ...strangers];
}

function toEvent(world: Driver, all: readonly Effect[], at: Draw): Event | undefined {
  const { what, a, b, c } = at;
  const taskId = pick([...world.state.instances.keys(), "gocd-zzz999-prod-4", "foreign"], a) ?? "foreign";
  const gocdCalls = all.filter((effect) => effect.kind.includes("gocd-agent") && effect.kind !== "read-gocd-agents");
  const call = pick(gocdCalls.slice(-5), a);
  switch (what) {
    case "tick":
      return { kind: "tick" };
    case "poll":
      return {
        kind: "gocd-polled",
        server: {
          ...serverInfo,
          maintenance: a % 17 === 0 ? "on" : "off",
          slowRegistration: b % 7 === 0,
          resourceCase: c % 5 === 0 ? "sensitive" : "insensitive",
        },
        jobs: someJobs(at),
        agents: someAgents(world, at),
        findings: [],
      };
    case "read":
      return { kind: "gocd-agents-read", agents: someAgents(world, at) };
    case "offers":
      return {
        kind: "offers-received",
        offers: Array.from(
          { length: a % 4 },
          (_, index) =>
            offer(`h${(b + index) % 4}`, {
              cpus: 1 + (c % 4),
              mem: 1_024 * (1 + a % 3),
              role: index % 2 ? "qa" : "ci",
            }),
        ),
      };
    case "status":
      return {
        kind: "task-status-updated",
        status: {
          taskId,
          state: pick(states, b) ?? "",
          message: "m",
          ...(c % 7 === 0 ? {} : { mesosAgentId: "a-h1" }),
          ...(c % 3 === 0 ? {} : { uuid: `${a}-${b}-${c}` }),
          ...(c % 4 === 0 ? { reason: "REASON_RECONCILIATION" } : {}),
        },
      };
    case "subscribe":
      return subscribedEvent;
    case "disconnect":
      return { kind: "disconnected", reason: "cut" };
    case "failed":
      return { kind: "gocd-poll-failed", problem: problem() };
    case "done":
      return call === undefined ? undefined : { kind: "gocd-call-done", call: call as never };
    case "callFailed":
      return call === undefined ? undefined : {
        kind: "gocd-call-failed",
        call: call as never,
        problem: problem({
          kind: pick(["conflict", "missing", "maintenance", "unreachable"] as const, b) ?? "refused",
        }),
      };
    default:
      return rareEvent(world, all, at);
  }
}

function rareEvent(world: Driver, all: readonly Effect[], { what, a, b }: Draw): Event | undefined {
  switch (what) {
    case "mesosFailed": {
      const call = pick(all.filter(isMesos).slice(-4), a);
      const outcome = b % 2 ? "refused" : "unknown";
      return call === undefined ? undefined : { kind: "mesos-call-failed", call, outcome, message: "m" };
    }
    case "inverse":
      return {
        kind: "inverse-offers-received",
        offers: [{ id: `i${a}`, mesosAgentId: `a-h${b % 4}`, unavailability: { startMs: world.atMs } }],
      };
    case "freeze":
      return a % 5 ? undefined : { kind: "launching-frozen", ...(b % 2 ? { profile: "prod" } : {}) };
    case "resume":
      return { kind: "launching-resumed" };
    case "drain":
      if (a % 5 === 1) return { kind: "profile-drain-requested", profile: "prod" };
      if (a % 5 === 2) {
        const taskIds = [...world.state.instances.keys()];
        return { kind: "agent-drain-requested", taskId: taskIds[b % Math.max(1, taskIds.length)] ?? "nobody" };
      }
      return a % 5 ? undefined : { kind: "drain-requested" };
    case "settings": {
      const changed = profiles.map((profile) => ({ ...profile, hash: `${a % 2}`.repeat(8) }));
      return { kind: "settings-changed", settings: someSettings({ profiles: changed, scaling }) };
    }
    case "agentFailed":
      return { kind: "mesos-agent-failed", mesosAgentId: `a-h${b % 4}` };
    case "error":
      return a % 9 ? undefined : {
        kind: "framework-error",
        error: pick(["failed-over", "removed", "unauthorized", "other"] as const, b) ?? "other",
        message: "m",
      };
    case "teardown":
      return a % 29 ? undefined : { kind: "teardown-requested", mode: b % 2 ? "now" : "drain" };
    case "shutdown":
      return a % 29 ? undefined : { kind: "shutdown-started" };
    default:
      return undefined;
  }
}

function isMesos(effect: Effect): effect is MesosEffect {
  const kinds = [
    "accept-offers",
    "decline-offers",
    "suppress-offers",
    "revive-offers",
    "kill-task",
    "acknowledge-status",
  ];
  return kinds.includes(effect.kind);
}

/** What must never leave, whatever happened before. */
function assertHarmless(
  world: Driver,
  before: ReadonlyMap<string, AgentInstance>,
  event: Event,
  effects: readonly Effect[],
): void {
  const agents = event.kind === "gocd-polled" || event.kind === "gocd-agents-read" ? event.agents : [];
  const byUuid = new Map(agents.map((each) => [each.uuid, each]));
  for (const effect of effects) {
    if (effect.kind === "enable-gocd-agent" && effect.registration !== undefined) {
      const record = byUuid.get(effect.uuid);
      assertEquals([record?.configState, record?.elastic, record?.hostname], ["Pending", false, effect.taskId]);
      assert(!["gone", "killing", undefined].includes(before.get(effect.taskId)?.state), "enabled a dead one");
    }
    if (effect.kind === "delete-gocd-agents" && byUuid.size > 0) {
      for (const { uuid, taskId } of effect.agents) {
        const record = byUuid.get(uuid);
        assertEquals(record?.configState, "Disabled");
        // Long after a death the server may show a build that is none; it deletes no record that really builds.
        const isDead = before.get(taskId)?.state === "gone";
        assert((record?.agentState !== "Building" || isDead) && record?.elastic === false, `${uuid} builds`);
      }
    }
    if (effect.kind === "kill-task") {
      const record = [...byUuid.values()].find((each) =>
        each.hostname === effect.taskId && each.agentState === "Building"
      );
      const instance = world.state.instances.get(effect.taskId);
      const isByClock = instance?.state === "killing" && instance.cause === "drain-timeout";
      assert(record === undefined || isByClock, `${effect.taskId} is killed while it builds`);
    }
  }
}

const runs = fc.array(fc.tuple(draw, fc.constantFrom(0, 0, 500, 2_000, 10_000, 25_000, 120_000, 700_000)), {
  minLength: 60,
  maxLength: 150,
  size: "max",
});

Deno.test("whatever happens in whatever order, the laws of the core hold at every step", () => {
  fc.assert(
    fc.property(runs, fc.double({ min: 0, max: 0.99, noNaN: true }), (draws, random) => {
      const world = drive({ profiles, scaling, poller: { attempts: 1 }, random: () => random });
      world.subscribe();
      const all: Effect[] = [];
      for (const [at, pauseMs] of draws) {
        world.skip(pauseMs);
        const event = toEvent(world, all, at);
        if (event === undefined) continue;
        const before = world.state.instances;
        const frame = world.send(event);
        assertHarmless(world, before, event, frame.effects);
        all.push(...frame.effects);
      }
      const { framework, controls, instances } = world.state;
      const stored = { framework, controls, instances: [...instances.values()] };
      const reloaded = initialState(JSON.parse(JSON.stringify(stored)), world.state.settings, world.atMs);
      assertEquals([...reloaded.instances.keys()], [...instances.keys()]);
      for (const [taskId, instance] of reloaded.instances) assertEquals(instance, instances.get(taskId));
    }),
    { numRuns: 400 },
  );
});
