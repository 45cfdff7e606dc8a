// Instances in any phase, in short, for tests of single functions. Not here: how they get there
// (tests/support/core.ts).

import type { Failure } from "../../src/core/life/causes.ts";
import type { LaunchReason } from "../../src/core/demand/reason.ts";
import type { GocdSuspicion } from "../../src/core/record.ts";
import type { MesosSuspicion } from "../../src/core/state.ts";
import type { AgentInstance, InstanceIdentity, InstanceMarks, InstancePhase } from "../../src/core/instance.ts";
import type { BucketDemand } from "../../src/core/demand/verdict.ts";
import type { State } from "../../src/core/state.ts";
import { Draft } from "../../src/core/draft.ts";
import { watchedFrom } from "../../src/core/session/watched.ts";
import type { SeenFramework } from "../../src/core/identity/orphans.ts";
import { drive, type Driver, type DriverOptions, serverInfo, zeroMs } from "../support/core.ts";

/** An instance of the profile `default` with the resource `linux`, launched at zeroMs, in this phase since then. */
export function anInstance(
  taskId: string,
  phase: Partial<InstancePhase> & Pick<InstancePhase, "state">,
  changes: Partial<InstanceIdentity & InstanceMarks> = {},
): AgentInstance {
  return {
    taskId,
    profile: "default",
    profileHash: "00000000",
    gocdResources: ["linux"],
    createdMs: zeroMs,
    mesosAgentId: `s-${taskId}`,
    host: `h-${taskId}`,
    launchReason: "a job waits",
    ...changes,
    sinceMs: zeroMs,
    ...phase,
  } as AgentInstance;
}

/** A registered instance; its uuid is `uuid-TASKID`. */
export function aRegistered(
  taskId: string,
  kind: "idle" | "building",
  changes: Partial<InstanceIdentity & InstanceMarks> = {},
): AgentInstance {
  const activity = { kind, sinceMs: zeroMs };
  return anInstance(taskId, { state: "registered", uuid: `uuid-${taskId}`, activity }, changes);
}

/** A subscribed state with these instances and parts. */
export function stateOf(
  instances: readonly AgentInstance[],
  parts: Partial<State> = {},
  options: DriverOptions = {},
): State {
  const world = drive(options);
  world.subscribe();
  return { ...world.state, instances: new Map(instances.map((each) => [each.taskId, each])), ...parts };
}

/** The input of a draft, in addition to its time. */
export type DraftParts = [
  instances: readonly AgentInstance[],
  server?: Partial<State["server"]>,
  parts?: Partial<State>,
  random?: number,
];

/**
 * A draft at a moment, of a subscribed state whose GoCD server is at work since zeroMs and was read and polled just
 * now.
 */
export function draftAt(
  atMs: number,
  ...[instances, server = {}, parts = {}, random = 0.5]: DraftParts
): Draft {
  const state = stateOf(instances);
  const reading = { requestedMs: atMs, readMs: atMs, tookMs: [0] };
  const serving = watchedFrom(zeroMs);
  const now = { info: serverInfo, lastPollMs: atMs, reading, serving, healthySinceMs: zeroMs };
  return new Draft({ ...state, ...parts, server: { ...state.server, ...now, ...server } }, atMs, random);
}

/** A bucket with one job of profile `default` that needs an agent. */
export const aBucket = (key: string, changes: Partial<BucketDemand> = {}): BucketDemand => ({
  key,
  gocdResources: ["linux"],
  waiting: 1,
  willBeTaken: 0,
  coming: 0,
  otherCause: 0,
  needsAgent: 1,
  pollsInARow: 1,
  wanted: 1,
  unserved: 0,
  gate: { kind: "go" },
  remarks: [],
  profile: "default",
  ...changes,
});

/** What Mesos says of a launch that failed. */
export const mesosSays = (message: string): Failure => ({ kind: "mesos", message });

/** The GoCD server lists one agent too few. */
export const gocdSuspicion: GocdSuspicion = { kind: "gocd-unlisted", sinceMs: 0, missing: 1, of: 1, isOlder: false };

/** Mesos has lost one agent that the GoCD server is in contact with. */
export const mesosSuspicion: MesosSuspicion = { kind: "mesos-lost", sinceMs: 0, lost: 1, of: 1 };

/** Why something is launched, where it does not matter. */
export const launchReason: LaunchReason = { kind: "min-idle", minIdle: 1, ready: 0 };

/** A framework that seems to be of an earlier life of this program: its name, with a task like ours. */
export const formerFramework: SeenFramework = {
  id: "f-1",
  name: "GoCD-Mesos",
  registeredAs: { user: "" },
  roles: ["ci"],
  isConnected: false,
  taskIds: ["gocd-zzz999-default-1", "foreign"],
};

/** Another run of the program with what this one has stored, subscribed. */
export function restartOf({ state: { framework, controls, instances } }: Driver): Driver {
  const again = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  again.subscribe();
  again.taken();
  return again;
}
