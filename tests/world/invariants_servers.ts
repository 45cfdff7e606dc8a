// The laws for changed servers: records of running agents are deleted only according to the rules, and the brake is on
// only while lists of the GoCD server really lack agents.

import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { StoredState } from "../../src/core/record.ts";
import { doubtMsMax } from "../../src/core/life/doubt.ts";
import { taskMeaning } from "../../src/core/session/task_status.ts";
import { stoodStillMs } from "./invariants_clocks.ts";
import { uuidOf } from "../../src/core/life/phase.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** The memory of these laws. */
export interface ServersWatch {
  /** By task id: since when Mesos has reported it as lost. */
  readonly lostMs: Map<string, number>;
  /** When this run of the program first observed a record since its last deletion, by uuid. */
  readonly everShown: Map<string, number>;
  /** Lists that may lack records, or are from another server. */
  readonly strange: WeakSet<readonly GocdAgent[]>;
  /** The last list that the program got is one of them. */
  isShownStrange: boolean;
  /** Uuids of the last list that was neither strange nor lacked records. */
  shownUuids: readonly string[];
  /** Uuids of records that people have deleted. */
  readonly deletedByHand: Set<string>;
  /**
   * No record of a list was left, because people had deleted some of them, so that the next one looked like another
   * server's; while the brake is on.
   */
  isCleared: boolean;
  /** When an older configuration of the GoCD server was last restored. */
  rewoundMs: number;
  /** When the first list arrived since an older state was restored; Infinity: none yet. */
  restoredMs: number;
}

/** Nothing seen yet. */
export function newServersWatch(): ServersWatch {
  return {
    lostMs: new Map(),
    everShown: new Map(),
    strange: new WeakSet(),
    isShownStrange: false,
    shownUuids: [],
    deletedByHand: new Set(),
    isCleared: false,
    rewoundMs: -Infinity,
    restoredMs: -Infinity,
  };
}

/** How long the brake may be on after an older state was restored: until its outdated instances are resolved. */
const afterRestoreMs = 20 * 60_000;
/** The same after older records were restored, until a person has confirmed that the others are lost. */
const afterRewindMs = 3 * 3_600_000;
/** The clocks of the program and of the world differ by the latency of a message. */
const slackMs = 10_000;

/** After each step. */
export function trackServers(world: World, { state }: Frame, event: Event): void {
  const { servers } = world.watch;
  if (event.kind === "task-status-updated") {
    const { taskId, uuid } = event.status;
    const isLost = taskMeaning(event.status.state) === "lost" && (uuid ?? "") === "";
    if (!isLost) servers.lostMs.delete(taskId);
    else if (!servers.lostMs.has(taskId)) servers.lostMs.set(taskId, world.nowMs);
  }
  // Only a list turns the brake on, or off.
  if (event.kind !== "gocd-polled" && event.kind !== "gocd-agents-read") return;
  for (const { uuid, configState } of event.agents) {
    if (configState !== "Pending" && !servers.everShown.has(uuid)) servers.everShown.set(uuid, world.nowMs);
  }
  servers.isShownStrange = servers.strange.has(event.agents);
  servers.restoredMs = Math.min(servers.restoredMs, world.nowMs);
  const { shownUuids } = servers;
  const left = new Set(world.gocd.agents().map(({ uuid }) => uuid));
  const isByHand = (uuid: string): boolean => servers.deletedByHand.has(uuid);
  const missing = [...state.instances.values()].flatMap((each) => each.state === "gone" ? [] : uuidOf(each) ?? [])
    .filter((uuid) => !left.has(uuid));
  const isEmptied = missing.length > 0 && missing.every(isByHand) ||
    [shownUuids, state.brake.gocd?.vanished ?? []].some((uuids) =>
      uuids.some(isByHand) && uuids.every((uuid) => !left.has(uuid))
    );
  servers.isCleared = servers.isCleared && state.brake.gocd !== undefined || isEmptied;
  // Pending records go away on their own: once people have deleted all others, another server's list looks the same.
  if (!servers.isShownStrange) {
    servers.shownUuids = event.agents.flatMap(({ uuid, configState }) => configState === "Pending" ? [] : [uuid]);
  }
  demand(
    state.brake.gocd === undefined || servers.isShownStrange || servers.isCleared ||
      world.nowMs - servers.rewoundMs - stoodStillMs(world, servers.rewoundMs) <= afterRewindMs ||
      world.nowMs - servers.restoredMs - stoodStillMs(world, servers.restoredMs) <= afterRestoreMs ||
      isDeleteForgotten(world, state),
    "brake",
    () => `the brake is on although every list was whole: ${JSON.stringify(state.brake.gocd)}`,
  );
}

/**
 * The restored state is from before we deleted records, and the containers keep running: this looks like a server with
 * an older database, until a person confirms that they are lost.
 */
function isDeleteForgotten({ gocd, watch }: World, { instances }: Frame["state"]): boolean {
  if (watch.servers.restoredMs === -Infinity) return false;
  const deleted = new Set(gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  return [...instances.values()].some((instance) =>
    "uuid" in instance && deleted.has(instance.uuid ?? "") && instance.isDeleteAsked !== true &&
    watch.containers.has(instance.taskId)
  );
}

/** An older state was restored: the program's observations are lost with it. */
export function noteRestore({ watch: { servers, learnt, launches } }: World): void {
  learnt.clear();
  launches.launchedMs.clear();
  servers.restoredMs = Infinity;
}

/** At a start: the brake remains on until the first list. The frame of the last one may have been stored unnoticed. */
export function noteSuspicion({ watch: { servers } }: World, { suspicion }: StoredState): void {
  servers.isShownStrange ||= suspicion !== undefined;
}

/** The server has created a list of its agents, which the program may get. */
export function noteListMade({ weather, watch: { servers } }: World, agents: readonly GocdAgent[]): void {
  const { hidden, otherGocd, stale } = weather;
  if (hidden !== undefined || otherGocd !== undefined || stale !== undefined) servers.strange.add(agents);
}

/**
 * Before DELETE is sent: an agent that Mesos has lost, but that is in contact with the GoCD server in a running
 * container, keeps its record for the time that Mesos agents have to reregister.
 */
export function checkLivingRecords(
  world: World,
  { state }: Frame,
  { agents }: Effect & { readonly kind: "delete-gocd-agents" },
): void {
  const { watch, nowMs } = world;
  for (const { taskId, uuid } of agents) {
    const instance = state.instances.get(taskId);
    const lostMs = watch.servers.lostMs.get(taskId);
    if (instance?.state !== "gone" || lostMs === undefined || nowMs - lostMs >= doubtMsMax - slackMs) continue;
    if (watch.forgotten.has(taskId) || watch.tornDown.has(taskId) || instance.lossAccepted === true) continue;
    if (!watch.containers.has(taskId) || watch.cuts.has(taskId) || watch.looksAtKill.has(taskId)) continue;
    const isRunning = world.gocd.processes().some((process) => process.uuid === uuid);
    const isHeard = world.gocd.agents().some((record) =>
      record.uuid === uuid && record.runtime !== "LostContact" && record.runtime !== "Missing"
    );
    demand(
      !isRunning || !isHeard || !watch.servers.everShown.has(uuid),
      "living-record",
      () => `the record of ${taskId} is deleted ${nowMs - lostMs} ms after Mesos had lost it, but the agent lives`,
    );
  }
}
