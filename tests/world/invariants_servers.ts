// The laws for servers that are not what they were: records of living agents are deleted only by the rules, and the
// brake is on only while lists of the GoCD server really lack agents.

import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import { doubtMsMax } from "../../src/core/life/doubt.ts";
import { taskMeaning } from "../../src/core/session/task_status.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** What these laws remember. */
export interface ServersWatch {
  /** By task id: since when Mesos has said, and not taken back, that it is lost. */
  readonly lostMs: Map<string, number>;
  /** When this run of the program was first shown a record since it was last deleted, by uuid. */
  readonly everShown: Map<string, number>;
  /** Lists that may lack records, or are another server's. */
  readonly strange: WeakSet<readonly GocdAgent[]>;
  /** The last list that the program was shown is one of them. */
  isShownStrange: boolean;
  /** Uuids of the last list. */
  shownUuids: readonly string[];
  /** Uuids of records that people have deleted. */
  readonly deletedByHand: Set<string>;
  /** People had deleted every record of a list, so that nothing told the next from another server's; while the brake is on. */
  isCleared: boolean;
  /** When the first list was shown since an older state was put back; Infinity: none was yet. */
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
    restoredMs: -Infinity,
  };
}

/** For so long after an older state was put back the brake may be on: until what it knows of what is no more is over. */
const afterRestoreMs = 20 * 60_000;
/** The clocks of the program and of the world differ by the way of a message. */
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
  if (event.kind === "gocd-polled" || event.kind === "gocd-agents-read") {
    for (const { uuid, configState } of event.agents) {
      if (configState !== "Pending" && !servers.everShown.has(uuid)) servers.everShown.set(uuid, world.nowMs);
    }
    servers.isShownStrange = servers.strange.has(event.agents);
    servers.restoredMs = Math.min(servers.restoredMs, world.nowMs);
    const { shownUuids } = servers;
    servers.isCleared = servers.isCleared && state.brake.gocd !== undefined ||
      shownUuids.length > 0 && shownUuids.every((uuid) => servers.deletedByHand.has(uuid));
    servers.shownUuids = event.agents.map(({ uuid }) => uuid);
  }
  demand(
    state.brake.gocd === undefined || servers.isShownStrange || servers.isCleared ||
      world.nowMs - servers.restoredMs <= afterRestoreMs || isDeleteForgotten(world, state),
    "brake",
    () => `the brake is on although every list was whole: ${JSON.stringify(state.brake.gocd)}`,
  );
}

/**
 * The state put back is from before we had records deleted, and the containers run on: nothing tells that from a server
 * with an older database, until a person says that they are lost.
 */
function isDeleteForgotten({ gocd, watch }: World, { instances }: Frame["state"]): boolean {
  if (watch.servers.restoredMs === -Infinity) return false;
  const deleted = new Set(gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  return [...instances.values()].some((instance) =>
    "uuid" in instance && deleted.has(instance.uuid ?? "") && instance.isDeleteAsked !== true &&
    watch.containers.has(instance.taskId)
  );
}

/** An older state was put back: what the program was shown is forgotten with it. */
export function noteRestore({ watch: { servers, learnt, launches } }: World): void {
  learnt.clear();
  launches.launchedMs.clear();
  servers.restoredMs = Infinity;
}

/** The server has made a list of its agents, which the program may come to see. */
export function noteListMade({ weather, watch: { servers } }: World, agents: readonly GocdAgent[]): void {
  const { hidden, otherGocd, stale } = weather;
  if (hidden !== undefined || otherGocd !== undefined || stale !== undefined) servers.strange.add(agents);
}

/**
 * Before DELETE leaves: an agent that Mesos is said to have lost, and that talks to the GoCD server in a container that
 * runs, keeps its record for as long as Mesos agents have to come back.
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
