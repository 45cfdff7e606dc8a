// Operator commands at run time: new settings, freeze, drain, teardown.

import { acceptLoss, noBrake } from "../life/brake.ts";
import { mayFinish, restartTimeout, takeBack } from "../life/drain.ts";
import { retire, retireProfile } from "../life/retire.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgentRef } from "../effect.ts";
import type { OperatorEvent } from "../event.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { forgetFailures, retryFailed } from "../life/failures.ts";
import { isAnyUnknownListed } from "../identity/adoption.ts";
import { nameOf } from "../identity/hostnames.ts";
import type { AgentInstance } from "../instance.ts";
import { withoutFramework } from "../identity/lineage.ts";
import { isJustUnlisted, unlistedRecords } from "../life/gocd_index.ts";
import { mayComeBack } from "../life/doubt.ts";
import { markDeleteAsked, uuidOf } from "../life/phase.ts";
import { isAllReported } from "./reconciliation.ts";
import { agentsAsOfMs } from "./reading.ts";
import type { ControlsRecord } from "../record.ts";
import type { Settings } from "../settings.ts";
import { alreadyTornDownText } from "../words/commands.ts";
import { endTexts } from "../words/ends.ts";
import { tornDownText } from "../words/stored.ts";

/** Executes one command. */
export function executeCommand(draft: Draft, event: OperatorEvent): void {
  const { controls } = draft.state;
  switch (event.kind) {
    case "settings-changed":
      return changeSettings(draft, event.settings);
    case "launching-frozen":
      return control(draft, event, { controls: frozen(controls, event.profile) });
    case "launching-resumed":
      control(draft, event, {
        controls: resumed(controls, event.profile),
        isRetried: forgetAllFailures(draft, event.profile),
      });
      wantAgain(draft, ({ profile }) => event.profile === undefined || profile === event.profile);
      return;
    case "drain-requested":
      restartTimeouts(draft);
      return control(draft, event, { controls: inMode(controls, "drain") });
    case "profile-drain-requested":
      control(draft, event, { controls: frozen(controls, event.profile) });
      retireProfile(draft, event.profile);
      return;
    case "agent-drain-requested": {
      const instance = draft.instance(event.taskId);
      if (instance === undefined) return;
      retire(draft, instance);
      draft.note({ kind: "operator", result: { kind: "agent-drained", taskId: event.taskId }, mode: controls.mode });
      return;
    }
    case "canary-requested":
      draft.set({ canaries: new Map([...draft.state.canaries, [event.profile, draft.atMs]]) });
      draft.markPlanStale();
      draft.note({ kind: "operator", result: { kind: "canary", profile: event.profile }, mode: controls.mode });
      return;
    case "teardown-requested":
      if (controls.tornDown === true) return endTornDown(draft);
      restartTimeouts(draft);
      control(draft, event, {
        controls: { ...inMode(controls, "teardown"), ...(event.mode === "now" ? { tearsDownNow: true } : {}) },
      });
      finishTeardown(draft);
      return;
    case "loss-accepted":
      return acceptLoss(draft);
    case "shutdown-started":
    default:
      event.kind satisfies "shutdown-started";
      draft.set({ shuttingDown: true });
  }
}

/** No switch is set. */
export const allRuns: ControlsRecord = { frozen: false, frozenProfiles: [], mode: "run" };

/** The switches in another mode. */
function inMode({ tearsDownNow: _, ...controls }: ControlsRecord, mode: ControlsRecord["mode"]): ControlsRecord {
  return { ...controls, mode };
}

/** Whether the operator has requested TEARDOWN without a drain. */
export function isImmediate({ mode, tearsDownNow }: ControlsRecord): boolean {
  return mode === "teardown" && tearsDownNow === true;
}

/** A framework is registered: the previous teardown is cleared. */
export function forgetTeardown(draft: Draft): void {
  const { tornDown, ...controls } = draft.state.controls;
  if (tornDown !== undefined) draft.setControls(controls);
}

/**
 * Reports at the first session of a run which switches were set in an earlier run, because they explain why nothing
 * happens.
 */
export function noteSwitches(draft: Draft): void {
  const { mode, frozen, frozenProfiles } = draft.state.controls;
  if (mode === "run" && !frozen && frozenProfiles.length === 0) return;
  draft.note({ kind: "switches-in-force", controls: draft.state.controls });
}

/** A TEARDOWN without a response is sent again after this long. */
const tearDownAgainMs = 15_000;

/**
 * In teardown mode, once no agent is left: TEARDOWN, remove the id, exit. Called at every tick. A restored older state
 * may lack agents that Mesos knows, and, while their hosts have not reregistered, agents that only the GoCD server
 * knows.
 */
export function finishTeardown(draft: Draft): void {
  if (draft.state.controls.mode !== "teardown" || draft.state.session.kind !== "subscribed") return;
  const isAlive = draft.state.inherited === "unknown" || draft.state.server.reading === undefined ||
    isAnyUnknownListed(draft.state) ||
    [...draft.state.instances.values()].some((instance) =>
      instance.state !== "gone" || mayComeBack(draft, instance) || mayRecordBeLeft(draft, instance)
    );
  if (!isImmediate(draft.state.controls) && (isAlive || !isAllReported(draft))) return;
  const { tearDownRequestedMs = -Infinity } = draft.state;
  if (draft.atMs - tearDownRequestedMs < tearDownAgainMs) return;
  leaveNoRecords(draft);
  draft.set({ tearDownRequestedMs: draft.atMs });
  draft.effect({ kind: "teardown-framework" });
}

/** Instances that were launched with other settings are replaced when they are idle. */
export function retireChanged(instances: Iterable<AgentInstance>, settings: Settings): AgentInstance[] {
  const hashes = new Map(settings.profiles.map((profile) => [profile.name, profile.hash]));
  const changed: AgentInstance[] = [];
  for (const instance of instances) {
    const isCurrent = hashes.get(instance.profile) === instance.profileHash;
    if (isCurrent && instance.retire === "profile-changed") {
      const { retire: _, ...rest } = instance;
      changed.push(rest);
    } else if (!isCurrent && instance.retire === undefined) {
      // Including dead ones: Mesos may report one as running again.
      changed.push({ ...instance, retire: "profile-changed" });
    }
  }
  return changed;
}

/**
 * Marks instances based on the current settings; also at every tick, because the marks may not have been stored with
 * the change.
 */
export function applySettings(draft: Draft): readonly AgentInstance[] {
  const changed = retireChanged(draft.state.instances.values(), draft.state.settings);
  for (const instance of changed) {
    draft.put(instance);
    if (instance.state === "draining" && instance.retire === undefined) takeBack(draft, instance);
  }
  return changed;
}

/** From now on a drain-timeout may end jobs that were not limited before. */
function restartTimeouts(draft: Draft): void {
  for (const instance of draft.state.instances.values()) {
    if (instance.state === "draining" && mayFinish(draft.state, instance)) restartTimeout(draft, instance);
  }
}

/**
 * Undoes the marks of the operator: agents that are still building are enabled again, unless their host is to be
 * maintained.
 */
function wantAgain(draft: Draft, isMeant: (instance: AgentInstance) => boolean): void {
  const { instances, maintenanceRequestedMs } = draft.state;
  const meant = [...instances.values()].filter(isMeant);
  for (const { retire: mark, ...rest } of meant) {
    if (mark !== "operator") continue;
    draft.put(maintenanceRequestedMs.has(rest.mesosAgentId) ? { ...rest, retire: "maintenance" } : rest);
  }
  applySettings(draft);
  for (const { taskId } of meant) {
    const instance = draft.instance(taskId);
    if (instance?.state === "draining") takeBack(draft, instance);
  }
}

/** Resuming implies that the cause of failures is fixed: all pauses end. Returns whether there were any. */
function forgetAllFailures(draft: Draft, profile: string | undefined): boolean {
  const { profiles, hosts } = draft.state.breakers;
  const hasFailed = (name: string): boolean => (profiles.get(name)?.failures ?? 0) > 0;
  retryFailed(draft, (name) => profile === undefined || name === profile);
  if (profile !== undefined) return hasFailed(profile);
  draft.patch("breakers", { hosts: new Map() });
  return [...profiles.keys()].some(hasFailed) || hosts.size > 0;
}

function changeSettings(draft: Draft, settings: Settings): void {
  const hashes = new Map(draft.state.settings.profiles.map(({ name, hash }) => [name, hash]));
  const mended = settings.profiles.filter(({ name, hash }) => hashes.get(name) !== hash);
  forgetFailures(draft, new Set(mended.map(({ name }) => name)));
  draft.set({ settings, settingsSinceMs: draft.atMs });
  const changed = applySettings(draft);
  const replaced = changed.filter((instance) => instance.state !== "gone" && instance.retire !== undefined).length;
  const { server } = draft.state;
  const nextPollMs = Math.min(server.nextPollMs, draft.atMs + settings.poller.intervalMs);
  draft.patch("server", { nextPollMs });
  draft.markPlanStale();
  draft.note({ kind: "settings-changed", replaced });
}

function control(
  draft: Draft,
  command: OperatorEvent,
  { controls, isRetried = false }: { readonly controls: ControlsRecord; readonly isRetried?: boolean },
): void {
  const before = draft.state.controls;
  draft.setControls(controls);
  draft.markPlanStale();
  draft.note({ kind: "operator", result: { kind: "switched", command, before, isRetried }, mode: controls.mode });
}

function frozen(controls: ControlsRecord, profile: string | undefined): ControlsRecord {
  if (profile === undefined) return { ...controls, frozen: true };
  return { ...controls, frozenProfiles: [...new Set([...controls.frozenProfiles, profile])] };
}

/** Resuming everything also ends a drain. */
function resumed(controls: ControlsRecord, profile: string | undefined): ControlsRecord {
  if (profile === undefined) return allRuns;
  return { ...controls, frozenProfiles: controls.frozenProfiles.filter((each) => each !== profile) };
}

/**
 * Whether the server lists its record; not known before a list has been read since it ended. Unless the server has
 * confirmed its deletion, one list without it is not enough.
 */
function mayRecordBeLeft({ state }: Draft, instance: AgentInstance): boolean {
  if (agentsAsOfMs(state.server) <= instance.sinceMs) return true;
  const { formerUuids = [], isDeleted } = instance;
  return recordsOf(state.server.agents, instance).length > 0 ||
    isDeleted !== true && isJustUnlisted(state, uuidOf(instance)) ||
    formerUuids.some((uuid) => isJustUnlisted(state, uuid));
}

/** Its records among these; Pending ones disappear on their own. */
function recordsOf(agents: readonly GocdAgent[], instance: AgentInstance): readonly GocdAgent[] {
  const uuids = new Set([uuidOf(instance), ...instance.formerUuids ?? []]);
  return agents.filter((gocdAgent) =>
    gocdAgent.configState !== "Pending" && !gocdAgent.elastic &&
    (uuids.has(gocdAgent.uuid) || nameOf(gocdAgent) === instance.taskId)
  );
}

/** The records will not be managed any longer. The server refuses to delete a building one. */
function leaveNoRecords(draft: Draft): void {
  const refs: GocdAgentRef[] = [];
  for (const instance of [...draft.state.instances.values()]) {
    if (!mayRecordBeLeft(draft, instance)) continue;
    const uuid = uuidOf(instance);
    const { server } = draft.state;
    const known = recordsOf([...server.agents, ...unlistedRecords(server)], instance).map((each) => each.uuid);
    const uuids = new Set([...uuid === undefined ? [] : [uuid], ...known]);
    if (uuids.size === 0) continue;
    markDeleteAsked(draft, instance);
    for (const each of uuids) refs.push({ taskId: instance.taskId, uuid: each });
  }
  if (refs.length === 0) return;
  draft.effect({ kind: "disable-gocd-agents", agents: refs });
  for (const ref of refs) draft.effect({ kind: "delete-gocd-agents", agents: [ref] });
}

/** There is nothing to tear down, but the command also ends the instance. */
function endTornDown(draft: Draft): void {
  draft.note({ kind: "operator", result: { kind: "already-torn-down" }, mode: draft.state.controls.mode });
  draft.effect({ kind: "exit", message: alreadyTornDownText });
}

/**
 * The framework was removed as the operator has requested. If an earlier run has sent TEARDOWN, the records may be left.
 */
export function removedAsAsked(draft: Draft): void {
  if (draft.state.tearDownRequestedMs === undefined) leaveNoRecords(draft);
  tornDown(draft);
}

/** The master has accepted TEARDOWN, or reports that the framework was already removed: everything is cleared. */
export function tornDown(draft: Draft): void {
  for (const taskId of [...draft.state.instances.keys()]) draft.remove(taskId);
  const { frameworkId } = draft.state.framework;
  draft.setFramework(withoutFramework(draft.state.framework));
  draft.setControls({ ...allRuns, tornDown: true });
  draft.setBrake(noBrake);
  draft.set({ session: { kind: "ended", sinceMs: draft.atMs, reason: tornDownText } });
  // A TEARDOWN that was sent twice is answered twice.
  if (frameworkId !== undefined) draft.note({ kind: "torn-down", frameworkId });
  draft.effect({ kind: "exit", message: endTexts.tornDown });
}
