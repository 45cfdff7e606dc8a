// The law that we never lose a build: containers killed, records deleted, and what nobody could have known. Judged by
// the simulated server's own count.

import type { Frame } from "../../src/core/frame.ts";
import { checkTimeout, isLookFresh } from "./invariants_clocks.ts";
import type { SimContainerEvent } from "../../src/sim/mesos/sim_mesos.ts";
import type { KilledBuild } from "../../src/sim/gocd/tally.ts";
import { demand } from "./violation.ts";
import { programMs, type World } from "./world_state.ts";

/** The list of agents that the program last had when it first sent KILL. */
export interface LookAtKill {
  /** Agents on it that were admitted and not deleted since. */
  readonly uuids: ReadonlySet<string>;
  /** It was asked for a moment ago, as far as the server lets that be (invariants_clocks.ts). */
  readonly isFresh: boolean;
  /** When KILL was last sent on the strength of it. */
  lastKillMs: number;
  /** The instance was taken back. */
  isOver: boolean;
}

/** From the list that shows an agent to the time when the server knows it as disabled, with failed calls. */
const disableMs = 60_000;
/** A KILL may be in progress for so long: late calls, and the container's grace. */
const killUnderWayMs = 110_000;

/** Before a KILL leaves: remembers what the program had seen. The operator's drain-timeout may end builds. */
export function rememberLook(world: World, { state }: Frame, taskId: string): void {
  const { server, instances } = state;
  const instance = instances.get(taskId);
  const looks = world.watch.looksAtKill.get(taskId) ?? [];
  const last = looks.at(-1);
  if (last?.isOver === false) return void (last.lastKillMs = world.nowMs);
  // A drain that has really lasted so long is the operator's wish.
  if (instance?.state === "killing" && instance.cause === "drain-timeout") world.watch.excused.add(taskId);
  const isFresh = isLookFresh(world, programMs(world));
  const deleted = new Set(world.gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  const admitted = server.agents.filter(({ configState, uuid }) => configState !== "Pending" && !deleted.has(uuid));
  const uuids = new Set(admitted.map((each) => each.uuid));
  world.watch.looksAtKill.set(taskId, [...looks, { uuids, isFresh, lastKillMs: world.nowMs, isOver: false }]);
}

/** A KILL is decided for a reason that holds. One that is taken back must be looked at anew before it is killed. */
export function noteKilling(world: World, { records, state: now }: Frame): void {
  const { watch } = world;
  for (const record of records) {
    if (record.kind !== "instance") continue;
    if (record.instance.sinceMs === programMs(world)) checkTimeout(world, now, record.instance);
    const { taskId, state } = record.instance;
    const look = watch.looksAtKill.get(taskId)?.at(-1);
    if (look !== undefined && state !== "killing" && state !== "gone") look.isOver = true;
  }
}

/** Silence after which the server gives a job to another agent (GoCD AgentInstance.refresh). */
const silenceMs = 300_000;
/** Within an ask and a ping of the agent its record shows whatever it does. */
const askAndPingMs = 15_000;

/**
 * Whether nobody could know at `atMs` that this agent builds, because its network to the server is, or just was, cut:
 * the server's record may say Idle (a ping has undone the assignment), or, after the silence, that it is lost.
 */
function isHidden({ watch, gocd }: World, uuid: string, atMs: number): boolean {
  if (watch.givenUp.has(uuid)) return true;
  const cut = watch.cuts.get(watch.ourUuids.get(uuid) ?? "");
  if (cut === undefined || atMs - cut.untilMs > askAndPingMs) return false;
  const isLost = Math.min(cut.untilMs, atMs) - cut.fromMs >= silenceMs;
  const shown = gocd.agents().find((record) => record.uuid === uuid)?.runtime;
  return isLost || (shown !== "Building" && shown !== "Cancelled");
}

/** From the first of two idle reads to the arrival of DELETE. */
const drainMs = 50_000;

/** Whether a person enabled and disabled the record between two looks: lists have no memory. */
function wasEnabledBetween({ gocd, watch }: World, uuid: string, atMs: number): boolean {
  const enabledMs = watch.enabledByHand.get(uuid) ?? -Infinity;
  return atMs - enabledMs <= drainMs &&
    gocd.tally.changes.some((each) => each.uuid === uuid && each.kind === "disable" && each.atMs >= enabledMs);
}

/** A container of ours has ended: no build may be lost by our hand. Call when the GoCD model knows of it. */
export function checkContainerEnd(world: World, event: SimContainerEvent & { readonly kind: "stopped" }): void {
  const all = world.gocd.tally.buildsKilled.slice(world.watch.killsSeen);
  world.watch.killsSeen += all.length;
  // One that registered after a look just before the KILL can be known to nobody; without such a look nobody may kill.
  const looks = (world.watch.looksAtKill.get(event.taskId) ?? []).filter(({ isOver, lastKillMs }) =>
    !isOver || world.nowMs - lastKillMs <= killUnderWayMs
  );
  const deleted = new Set(world.gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  const { learnt, servers } = world.watch;
  // It is disabled at the first list that shows it; what it was given before that came to the server is nobody's fault.
  const isNews = ({ uuid, sinceMs }: KilledBuild): boolean =>
    (deleted.has(uuid) || sinceMs <= (learnt.get(uuid) ?? Infinity) + disableMs) &&
    looks.some((look) =>
      look.isFresh && !look.uuids.has(uuid) && look.lastKillMs < (servers.everShown.get(uuid) ?? Infinity)
    );
  const kills = all.filter((each) => !isNews(each) && !isHidden(world, each.uuid, each.atMs));
  if (event.how === "exited" || event.how === "lost" || event.by === "host") return;
  if (world.watch.excused.has(event.taskId)) return;
  demand(
    kills.length === 0,
    "build-killed",
    () => kills.map((kill) => `${kill.hostname} was stopped while it had ${kill.locator} (${kill.state})`).join("; "),
  );
}

/** Asked after each change on the GoCD server. */
export function checkGocd(world: World): void {
  const { tally } = world.gocd;
  // The build of a process that had died before is lost already: deleting its record makes the server see that.
  const living = new Set(world.gocd.processes().map((process) => process.uuid));
  const lost = tally.deletedWithWork.slice(world.watch.deletionsSeen).filter(({ uuid }) => living.has(uuid));
  world.watch.deletionsSeen = tally.deletedWithWork.length;
  for (const { uuid, atMs } of lost) {
    if (isHidden(world, uuid, atMs) || wasEnabledBetween(world, uuid, atMs)) world.watch.givenUp.add(uuid);
  }
  const deleted = lost.filter(({ uuid }) =>
    !world.watch.givenUp.has(uuid) && !world.watch.tornDown.has(world.watch.ourUuids.get(uuid) ?? "")
  );
  demand(
    deleted.length === 0,
    "build-deleted",
    () =>
      deleted.map((each) => `the record of ${each.hostname} was deleted while it had ${each.locator} (${each.state})`)
        .join("; "),
  );
  const changes = tally.changes.slice(world.watch.changesSeen);
  world.watch.changesSeen = tally.changes.length;
  for (const change of changes) {
    // A record that is abandoned may come back, and be enabled: what builds under it then can be known.
    if (change.kind === "enable") world.watch.givenUp.delete(change.uuid);
    if (change.kind === "delete") world.watch.servers.everShown.delete(change.uuid);
    demand(
      world.watch.ourUuids.has(change.uuid),
      "foreign",
      () => `${change.kind} of ${change.hostname} (${change.uuid})`,
    );
  }
}
