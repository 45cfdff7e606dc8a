// If most of our agents vanish at once, it is because the server has changed: another or older GoCD database, another
// Mesos cluster, an empty registry. Until they are back or declared lost, nothing is removed and hardly anything
// launched.

import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { AgentInstance, Unreachable } from "../instance.ts";
import { uuidOf } from "./phase.ts";
import type { GocdSuspicion } from "../record.ts";
import type { BrakeState, State, Suspicion } from "../state.ts";

/**
 * It is normal that fewer agents vanish: somebody deletes one or two records, one host dies. They are handled by the
 * individual rules. If the version of the GoCD server has gone back, one is enough.
 */
const vanishedMin = 3;
/** More than this share of our agents must vanish; the brake is released once less than the lower share is missing. */
const vanishedShare = 1 / 2;
const missingShare = 1 / 4;

/** Stored with a suspicion at most: enough to recognize the server. */
const vanishedStoredMax = 200;

/** No suspicion. */
export const noBrake: BrakeState = { isSameCluster: false };

/** The brake at the start: a suspicion of an earlier run remains until a list refutes it. */
export function restoredBrake(suspicion: GocdSuspicion | undefined, atMs: number): BrakeState {
  if (suspicion === undefined) return noBrake;
  return { ...noBrake, gocd: { ...suspicion, sinceMs: Math.min(suspicion.sinceMs, atMs) } };
}

/** Whether nothing may be removed now: no KILL, no DELETE, no new drain, no task given up. */
export function holdsTakingDown({ brake }: State): boolean {
  return brake.gocd !== undefined || brake.mesos !== undefined;
}

/**
 * Why nothing may be launched: the backlog may be that of another server, or the cluster a different one. If a known
 * Mesos agent has appeared in the cluster, it is ours, and lost agents are replaced.
 */
export function launchBrake({ brake }: State): Suspicion | undefined {
  if (brake.gocd !== undefined) return brake.gocd;
  return brake.isSameCluster ? undefined : brake.mesos;
}

/** From when an absence counts: observations while the brake was on prove nothing. */
export function countedSince({ brake }: State, sinceMs: number): number {
  return Math.max(sinceMs, brake.releasedMs ?? sinceMs);
}

/** A Mesos agent that runs or ran an agent of ours has appeared: this is our cluster. */
export function knowCluster(draft: Draft, mesosAgentIds: readonly (string | undefined)[]): void {
  const { brake, instances } = draft.state;
  if (brake.isSameCluster) return;
  const ids = new Set(mesosAgentIds);
  if (![...instances.values()].some(({ mesosAgentId }) => mesosAgentId !== "" && ids.has(mesosAgentId))) return;
  draft.setBrake({ ...brake, isSameCluster: true });
  if (brake.mesos !== undefined) draft.markPlanStale();
}

/** Subscribed to another master: its cluster has to be verified again. */
export function otherMaster(draft: Draft): void {
  draft.setBrake({ ...draft.state.brake, isSameCluster: false });
}

/** Checks a new list of the GoCD server. Call before the list is used. */
export function judgeGocdList(draft: Draft, agents: readonly GocdAgent[]): void {
  const before = draft.state.server.judged;
  draft.patch("server", { judged: agents });
  const listed = new Set(agents.map(({ uuid }) => uuid));
  const ours = expectedUuids(draft.state, listed);
  forgetAccepted(draft, listed);
  const missing = ours.filter((uuid) => !listed.has(uuid));
  const { gocd, ...others } = draft.state.brake;
  if (gocd !== undefined) {
    const isMissing = missing.length > ours.length * missingShare;
    // None of the vanished agents is known to be ours: one of the records must be back, or this list must have an agent
    // of ours, whatever Mesos says of it.
    const isElsewhere = ours.length === 0 && gocd.vanished !== undefined && isAnyUntold(draft.state) &&
      !gocd.vanished.some((uuid) => listed.has(uuid)) && !isAnyListed(draft.state, listed);
    if (isMissing || isElsewhere) return;
    return release(draft, others, "gocd");
  }
  const isOlder = wentBack(draft.state);
  const isMost = missing.length > ours.length * vanishedShare && missing.length >= (isOlder ? 1 : vanishedMin);
  const isAnother = !isMost && (missing.length > 0 || isAnyStarting(draft.state)) &&
    isAnotherList(draft.state, { before, listed, missing: missing.length });
  if (!isMost && !isAnother && !isNoneSeen(draft.state, ours, missing.length)) return;
  suspect(draft, {
    kind: "gocd-unlisted",
    sinceMs: draft.atMs,
    missing: missing.length,
    of: ours.length,
    isOlder,
    ...(isAnother ? { vanished: before.slice(0, vanishedStoredMax).map(({ uuid }) => uuid) } : {}),
  });
}

/**
 * The instances that the GoCD server should list. If one is missing that Mesos knows, those that Mesos has just lost
 * count as well: both servers may have changed, and an agent unknown to both counts as ended only while the others are
 * unaffected.
 */
function expectedUuids({ instances }: State, listed: ReadonlySet<string>): readonly string[] {
  const all = [...instances.values()].filter((instance) => !mayBeUnlisted(instance));
  const known = all.flatMap((instance) => expectedUuid(instance) ?? []);
  if (known.every((uuid) => listed.has(uuid))) return known;
  return [...known, ...all.flatMap((instance) => isDoubted(instance) ? instance.uuid ?? [] : [])];
}

/** The uuid under which the GoCD server should list an instance. */
function expectedUuid(instance: AgentInstance): string | undefined {
  const isOnRecord = instance.state === "registered" || instance.state === "draining";
  return isOnRecord && !mayBeUnlisted(instance) ? instance.uuid : undefined;
}

/**
 * Its record may be gone because of us, whatever happened to the instance since; or the operator has declared it lost.
 */
function mayBeUnlisted({ isDeleteAsked, lossAccepted }: AgentInstance): boolean {
  return isDeleteAsked === true || lossAccepted === true;
}

/** Whether a container may have registered under an unknown name, so that only a list can show it. */
function isAnyStarting({ instances }: State): boolean {
  return [...instances.values()].some(({ state }) => state === "starting");
}

/**
 * Whether an agent of ours may be running that does not have to be listed now: it is unknown whether this is its
 * server.
 */
function isAnyUntold(state: State): boolean {
  return isAnyStarting(state) ||
    [...state.instances.values()].some((each) => each.state === "unreachable" && each.lossAccepted !== true);
}

function isAnyListed({ instances }: State, listed: ReadonlySet<string>): boolean {
  return [...instances.values()].some((instance) => listed.has(uuidOf(instance) ?? ""));
}

/**
 * No record of the last list is left, of any owner, although enough of them were in contact and we requested no
 * deletion. Records of dead agents do not count: people delete them by the dozen. If one of ours is missing and other
 * records have appeared, one is enough: nobody deletes all agents and adds new ones between two reads.
 */
function isAnotherList(
  { instances }: State,
  { before, listed, missing }: {
    readonly before: readonly GocdAgent[];
    readonly listed: ReadonlySet<string>;
    /** How many of ours are not listed. */
    readonly missing: number;
  },
): boolean {
  const leaving = new Set([...instances.values()].filter((each) => expectedUuid(each) === undefined).map(uuidOf));
  const expected = before.filter(({ uuid, elastic, configState, agentState }) =>
    !elastic && configState !== "Pending" && agentState !== "LostContact" && agentState !== "Missing" &&
    !leaving.has(uuid)
  );
  const enough = listed.size > 0 && missing > 0 ? 1 : vanishedMin;
  return expected.length >= enough && !before.some(({ uuid }) => listed.has(uuid));
}

/**
 * No list of this run has shown any of our agents, all of earlier runs: what those runs knew of the server is not known,
 * nor whether it was held by the brake.
 */
function isNoneSeen({ server }: State, ours: readonly string[], missing: number): boolean {
  return missing > 0 && missing === ours.length && ours.every((uuid) => !server.appearedMs.has(uuid));
}

/** GoCD cannot go back to an older version with the same database. */
function wentBack({ server }: State): boolean {
  const { info, newestVersion } = server;
  return info !== undefined && newestVersion !== undefined && isOlderVersion(info.version, newestVersion);
}

/** Whether the first version is older than the second; false for texts that are not versions. */
export function isOlderVersion(version: string, than: string): boolean {
  if (version === than) return false;
  const a = version.split(".").map(Number);
  const b = than.split(".").map(Number);
  if ([...a, ...b].some(Number.isNaN)) return false;
  const length = Math.max(a.length, b.length);
  const differences = Array.from({ length }, (_, at) => (a[at] ?? 0) - (b[at] ?? 0));
  return (differences.find((each) => each !== 0) ?? 0) < 0;
}

/** Mesos knew it and has lost it; an agent that only the GoCD server knew says nothing about Mesos. */
function isDoubted(instance: AgentInstance): instance is Unreachable {
  return instance.state === "unreachable" && instance.lost !== undefined && instance.mesosAgentId !== "" &&
    instance.lossAccepted !== true;
}

/**
 * Checks how many of our agents Mesos has lost while the GoCD server is in contact with them. Call at each loss and at
 * every tick.
 */
export function judgeLosses(draft: Draft): void {
  const { brake, instances, server } = draft.state;
  let doubted = 0;
  let known = 0;
  let enabled: ReadonlySet<string | undefined> | undefined;
  const isEnabled = (uuid: string | undefined): boolean => {
    enabled ??= new Set(server.agents.filter((each) => each.configState === "Enabled").map((each) => each.uuid));
    return enabled.has(uuid);
  };
  const isUnread = server.reading === undefined || brake.gocd !== undefined;
  for (const instance of instances.values()) {
    if (instance.state === "registered" || instance.state === "draining") known++;
    // Up to 17.8 the silence of a disabled agent is never detected.
    else if (isDoubted(instance) && (isUnread || isEnabled(instance.uuid))) doubted++;
  }
  const total = known + doubted;
  const { mesos, ...others } = brake;
  if (mesos !== undefined) {
    if (doubted > total * missingShare) return;
    return release(draft, others, "mesos");
  }
  if (doubted < vanishedMin || doubted <= total * vanishedShare) return;
  suspect(draft, { kind: "mesos-lost", sinceMs: draft.atMs, lost: doubted, of: total });
}

function suspect(draft: Draft, suspicion: Suspicion): void {
  const { brake } = draft.state;
  const whom = suspicion.kind === "gocd-unlisted" ? "gocd" : "mesos";
  draft.setBrake({ ...brake, [whom]: suspicion });
  draft.markPlanStale();
  noteSuspicion(draft, suspicion);
}

function noteSuspicion(draft: Draft, suspicion: Suspicion): void {
  draft.note({ kind: "brake-on", suspicion, holdsLaunching: launchBrake(draft.state) !== undefined });
}

function release(draft: Draft, brake: BrakeState, whom: "gocd" | "mesos"): void {
  draft.setBrake({ ...brake, releasedMs: draft.atMs });
  draft.markPlanStale();
  draft.note({ kind: "brake-off", server: whom });
}

/** Reports at the first session of a run that the brake of an earlier one is still on. */
export function noteRestoredBrake(draft: Draft): void {
  const { brake: { gocd }, startedMs } = draft.state;
  if (gocd !== undefined && gocd.sinceMs <= startedMs) noteSuspicion(draft, gocd);
}

/** The operator has declared vanished agents lost: each is treated as if it had vanished alone. */
export function acceptLoss(draft: Draft): void {
  const { brake, instances, server } = draft.state;
  const listed = new Set(server.agents.map(({ uuid }) => uuid));
  let count = 0;
  for (const instance of [...instances.values()]) {
    const uuid = brake.gocd === undefined ? undefined : expectedUuid(instance);
    const isAbsent = uuid !== undefined && !listed.has(uuid);
    if (!isAbsent && !(brake.mesos !== undefined && isDoubted(instance))) continue;
    draft.put({ ...instance, lossAccepted: true });
    count++;
  }
  const { gocd: _, mesos: __, ...others } = brake;
  draft.setBrake(others);
  draft.markPlanStale();
  draft.note({ kind: "loss-accepted", instances: count });
}

/** An agent that is seen again is not lost, and may vanish again. */
function forgetAccepted(draft: Draft, listed: ReadonlySet<string>): void {
  for (const instance of [...draft.state.instances.values()]) {
    if (instance.lossAccepted !== true || instance.state !== "registered" && instance.state !== "draining") continue;
    if (!listed.has(instance.uuid)) continue;
    const { lossAccepted: _, ...rest } = instance;
    draft.put(rest);
  }
}
