// The law that we never lose a build: killed containers, deleted records, and unobservable cases. Checked against the
// counters of the simulated server.

import type { Frame } from "../../src/core/frame.ts";
import { checkTimeout, isLookFresh } from "./invariants_clocks.ts";
import type { SimContainerEvent } from "../../src/sim/mesos/sim_mesos.ts";
import type { KilledBuild } from "../../src/sim/gocd/tally.ts";
import { isNamelessName } from "./scenario_names.ts";
import { demand } from "./violation.ts";
import { programMs, type World } from "./world_state.ts";

/** The list of agents that the program last had when it first sent KILL. */
export interface LookAtKill {
  /** Agents on it that were enabled and not deleted since. */
  readonly uuids: ReadonlySet<string>;
  /** It was requested recently, as far as the server's speed permits (invariants_clocks.ts). */
  readonly isFresh: boolean;
  /** When KILL was last sent based on it. */
  lastKillMs: number;
  /** The instance was taken back. */
  isOver: boolean;
}

/** Time from the list that shows an agent until the server has disabled it, with failed calls. */
const disableMs = 60_000;
/** Maximum duration of a KILL: late calls, and the container's grace period. */
const killUnderWayMs = 110_000;

/** Before a KILL is sent: records what the program had observed. The operator's drain-timeout may end builds. */
export function rememberLook(world: World, { state }: Frame, taskId: string): void {
  const { server, instances } = state;
  const instance = instances.get(taskId);
  const looks = world.watch.looksAtKill.get(taskId) ?? [];
  const last = looks.at(-1);
  if (last?.isOver === false) return void (last.lastKillMs = world.nowMs);
  // A drain that has really lasted this long is intended by the operator.
  if (instance?.state === "killing" && instance.cause === "drain-timeout") world.watch.excused.add(taskId);
  const isFresh = isLookFresh(world, programMs(world));
  const deleted = new Set(world.gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  const admitted = server.agents.filter(({ configState, uuid }) => configState !== "Pending" && !deleted.has(uuid));
  const uuids = new Set(admitted.map((each) => each.uuid));
  world.watch.looksAtKill.set(taskId, [...looks, { uuids, isFresh, lastKillMs: world.nowMs, isOver: false }]);
}

/** A KILL has a valid reason. An instance that was taken back must be checked again before it is killed. */
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

/** Silence after which the server reschedules a job (GoCD AgentInstance.refresh). */
const silenceMs = 300_000;
/** After a work request and a ping of the agent its record shows its activity. */
const askAndPingMs = 15_000;

/**
 * Whether it was unobservable at `atMs` that this agent builds, because its network to the server is, or was recently,
 * cut: the server's record may show Idle (a ping has undone the assignment), or, after the silence, LostContact.
 */
function isHidden({ watch, gocd }: World, uuid: string, atMs: number): boolean {
  if (watch.givenUp.has(uuid)) return true;
  const cut = watch.cuts.get(watch.ourUuids.get(uuid) ?? "");
  if (cut === undefined || atMs - cut.untilMs > askAndPingMs) return false;
  const isLost = Math.min(cut.untilMs, atMs) - cut.fromMs >= silenceMs;
  const shown = gocd.agents().find((record) => record.uuid === uuid)?.runtime;
  return isLost || (shown !== "Building" && shown !== "Cancelled");
}

/** Time from the first of two idle reads to the arrival of DELETE. */
const drainMs = 50_000;

/** Whether a person enabled and disabled the record between two reads, which lists do not show. */
function wasEnabledBetween({ gocd, watch }: World, uuid: string, atMs: number): boolean {
  const enabledMs = watch.enabledByHand.get(uuid) ?? -Infinity;
  return atMs - enabledMs <= drainMs &&
    gocd.tally.changes.some((each) => each.uuid === uuid && each.kind === "disable" && each.atMs >= enabledMs);
}

/** A container of ours has ended: we must not have caused the loss of a build. Call when the GoCD model knows of it. */
export function checkContainerEnd(world: World, event: SimContainerEvent & { readonly kind: "stopped" }): void {
  const all = world.gocd.tally.buildsKilled.slice(world.watch.killsSeen);
  world.watch.killsSeen += all.length;
  // A registration after a list read just before the KILL is unobservable; without such a list a KILL is not allowed.
  const looks = (world.watch.looksAtKill.get(event.taskId) ?? []).filter(({ isOver, lastKillMs }) =>
    !isOver || world.nowMs - lastKillMs <= killUnderWayMs + hungForMs(world, event.mesosAgentId, lastKillMs)
  );
  const deleted = new Set(world.gocd.tally.changes.flatMap(({ kind, uuid }) => kind === "delete" ? [uuid] : []));
  const { learnt, servers } = world.watch;
  // It is disabled at the first list that shows it; a job assigned before that request arrived is excused.
  const isNews = ({ uuid, sinceMs }: KilledBuild): boolean =>
    (deleted.has(uuid) || sinceMs <= (learnt.get(uuid) ?? Infinity) + disableMs) &&
    looks.some((look) =>
      look.isFresh && !look.uuids.has(uuid) && look.lastKillMs < (servers.everShown.get(uuid) ?? Infinity)
    );
  // An agent without our name had been silent for long, and has come back since: nobody knew which one to disable.
  const cut = world.watch.cuts.get(event.taskId);
  const wasSilent = ({ uuid }: KilledBuild): boolean =>
    cut !== undefined && isNamelessName(world.scenario.names) && !learnt.has(uuid) &&
    looks.some((look) =>
      look.isFresh && cut.fromMs + silenceMs <= look.lastKillMs && look.lastKillMs <= cut.untilMs + askAndPingMs
    );
  const kills = all.filter((each) => !isNews(each) && !wasSilent(each) && !isHidden(world, each.uuid, each.atMs));
  if (event.how === "exited" || event.how === "lost" || event.by === "host") return;
  if (world.watch.excused.has(event.taskId)) return;
  demand(
    kills.length === 0,
    "build-killed",
    () => kills.map((kill) => `${kill.hostname} was stopped while it had ${kill.locator} (${kill.state})`).join("; "),
  );
}

/** How long Docker hung on this host since a KILL was sent. */
function hungForMs({ watch, nowMs }: World, mesosAgentId: string, sentMs: number): number {
  const { fromMs = 0, untilMs = 0 } = watch.hungMs.get(mesosAgentId) ?? {};
  return Math.max(0, Math.min(nowMs, untilMs) - Math.max(fromMs, sentMs));
}

/** Checked after each change on the GoCD server. */
export function checkGocd(world: World): void {
  const { tally } = world.gocd;
  // The build of a process that had died before is already lost: deleting its record makes the server detect it.
  const isLiving = (uuid: string): boolean => world.gocd.processes().some((process) => process.uuid === uuid);
  const lost = tally.deletedWithWork.slice(world.watch.deletionsSeen).filter(({ uuid }) => isLiving(uuid));
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
    // An abandoned record may come back and be enabled: from then on its builds are observable.
    if (change.kind === "enable") world.watch.givenUp.delete(change.uuid);
    if (change.kind === "delete") world.watch.servers.everShown.delete(change.uuid);
    demand(
      world.watch.ourUuids.has(change.uuid),
      "foreign",
      () => `${change.kind} of ${change.hostname} (${change.uuid})`,
    );
  }
}
