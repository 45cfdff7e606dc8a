// Records of GocdAgents on the simulated server: registration, pings, silence, changes by administrators.

import { buildsAtStake } from "./work.ts";
import type { GocdWorld, SimAgentProcess, SimGocdAgent } from "./state.ts";
import type { GocdAgentChange } from "./tally.ts";

/** Names that the server accepts as a GoCD resource (GoCD ResourceConfig). */
export const resourceNamePattern: RegExp = /^[-\w\s|.]*$/;

/** The response to a registration. */
export type RegistrationAnswer = "registered" | "pending" | "refused";

/** Whether this agent's calls get a response: not while starting, during a backup, or if it is cut off. */
export function isRemotingOpen(world: GocdWorld, process: SimAgentProcess): boolean {
  return world.life === "running" && !world.backup && !world.cutOff.has(process.containerHostname);
}

/** One POST `/go/admin/agent` of an agent process (GoCD AgentRegistrationController). */
export function registerAgent(world: GocdWorld, process: SimAgentProcess): RegistrationAnswer {
  if (!isRemotingOpen(world, process) || world.maintenance !== undefined) return refuse(world);
  const known = world.agents.get(process.uuid);
  if (known !== undefined && known.configState !== "Pending") {
    hear(world, known);
    known.runtime = "Idle";
    known.buildLocator = undefined;
    known.holder = process.containerHostname;
    saveConfig(world);
    return "registered";
  }
  const { registration } = process;
  const isKeyRight = !process.scrubbed && world.autoRegisterKey !== "" && registration.key === world.autoRegisterKey;
  if (isKeyRight) {
    if (registration.gocdResources.some((name) => !resourceNamePattern.test(name))) return refuse(world);
    world.tally.registrations++;
    saveConfig(world);
    const record = newRecord(world, process, true);
    world.agents.set(process.uuid, record);
    if (process.environmentsLateMs > 0) addEnvironmentsLater(world, process, record);
    return "registered";
  }
  if (known === undefined) {
    const pending = [...world.agents.values()].filter((gocdAgent) => gocdAgent.configState === "Pending").length;
    if (pending >= world.rules.pendingAgentsMax) return refuse(world);
    world.tally.pendingRegistrations++;
    if (process.scrubbed) world.tally.ghosts++;
  }
  // Each registration of a Pending agent makes its record anew (GoCD AgentInstances.register).
  world.agents.set(process.uuid, newRecord(world, process, false));
  return "pending";
}

function refuse(world: GocdWorld): "refused" {
  world.tally.registrationsRefused++;
  return "refused";
}

function newRecord(world: GocdWorld, process: SimAgentProcess, withProperties: boolean): SimGocdAgent {
  const { registration } = process;
  return {
    uuid: process.uuid,
    hostname: withProperties
      ? process.ownName ?? (registration.hostname || process.containerName)
      : process.containerName,
    ipAddress: process.peerAddress,
    sandbox: "/go",
    operatingSystem: "Linux",
    freeSpace: 85_890_146_304,
    configState: withProperties ? "Enabled" : "Pending",
    // Idle before its first ping, unless it is Pending and remote (GoCD AgentRuntimeInfo.fromServer).
    runtime: withProperties || process.peerAddress.startsWith("127.") ? "Idle" : "Unknown",
    gocdResources: withProperties ? registration.gocdResources : [],
    environments: withProperties ? keptEnvironments(world, registration.environments) : [],
    lastHeardMs: world.nowMs,
    buildLocator: undefined,
    holder: process.containerHostname,
    killRequested: false,
  };
}

/**
 * The list of environments is separate: it is updated after the record is committed, unless it is set by somebody
 * first.
 */
function addEnvironmentsLater(world: GocdWorld, process: SimAgentProcess, record: SimGocdAgent): void {
  const wanted = record.environments;
  const none: readonly string[] = [];
  record.environments = none;
  world.timers.plan(world.nowMs + process.environmentsLateMs, () => {
    if (record.environments === none) record.environments = wanted;
  });
}

/** Up to 19.8 names of missing environments are dropped, later they are kept as `unknown`. */
export function keptEnvironments(world: GocdWorld, names: readonly string[]): readonly string[] {
  if (world.rules.agentsInDatabase) return [...new Set(names)];
  return names.filter((name) => world.environments.has(name.toLowerCase()));
}

/** Up to 19.8 registrations and changes save the whole configuration. */
export function saveConfig(world: GocdWorld): void {
  if (!world.rules.agentsInDatabase) world.tally.configSaves++;
}

function hear(world: GocdWorld, gocdAgent: SimGocdAgent): void {
  gocdAgent.lastHeardMs = world.nowMs;
  gocdAgent.freeSpace = 85_890_146_304;
}

/** The response to a ping. */
export type PingAnswer = "heard" | "cancel" | "kill-tasks" | "unknown-agent" | "duplicate" | "closed";

/** One ping: Idle sets an agent with unfetched work back to Idle (GoCD AgentInstance.update). */
export function pingAgent(world: GocdWorld, process: SimAgentProcess): PingAnswer {
  if (!isRemotingOpen(world, process)) return "closed";
  const gocdAgent = world.agents.get(process.uuid);
  if (gocdAgent === undefined || gocdAgent.configState === "Pending") return "unknown-agent";
  if (gocdAgent.holder === undefined) gocdAgent.holder = process.containerHostname;
  if (gocdAgent.holder !== process.containerHostname) {
    reportDuplicate(world, gocdAgent, process);
    return "duplicate";
  }
  hear(world, gocdAgent);
  gocdAgent.ipAddress = process.ipAddress;
  if (process.status === "Idle") {
    gocdAgent.runtime = "Idle";
    gocdAgent.buildLocator = undefined;
    gocdAgent.killRequested = false;
  } else if (gocdAgent.runtime !== "Cancelled") {
    gocdAgent.runtime = process.status;
    gocdAgent.buildLocator = process.work?.locator;
  }
  if (gocdAgent.runtime !== "Cancelled") return "heard";
  return gocdAgent.killRequested ? "kill-tasks" : "cancel";
}

/** GoCD AgentService.bombIfAgentHasDuplicateCookie: both with the names in their pings. */
function reportDuplicate(world: GocdWorld, gocdAgent: SimGocdAgent, process: SimAgentProcess): void {
  const shown = (hostname: string, ipAddress: string): string => `[Agent located at [${hostname}, ${ipAddress}, /go]]`;
  const refused = shown(process.containerHostname, process.ipAddress);
  const message = `${refused} has duplicate unique identifier which conflicts with ${
    shown(gocdAgent.holder ?? gocdAgent.hostname, gocdAgent.ipAddress)
  }`;
  if (world.healthMessages.some((known) => known.message === message)) return;
  const detail = "Please check the agent installation. Click <a href='https://docs.gocd.org'>here</a> for more info.";
  world.healthMessages = [...world.healthMessages, { message, detail, level: "WARNING", atMs: world.nowMs }];
}

/** What the server does with silent agents every 5 s (GoCD AgentInstance.refresh). */
export function refreshAgents(world: GocdWorld): void {
  if (world.life !== "running") return;
  for (const gocdAgent of [...world.agents.values()]) {
    const heardMs = gocdAgent.lastHeardMs;
    const isSilent = heardMs !== undefined && world.nowMs - heardMs >= world.clocks.silenceMs;
    if (gocdAgent.configState === "Pending") {
      if (isSilent) world.agents.delete(gocdAgent.uuid);
      continue;
    }
    if (gocdAgent.configState === "Disabled" && !world.rules.disabledAgentsRefreshed) continue;
    if (heardMs === undefined) {
      gocdAgent.runtime = "Missing";
      if (world.rules.missingBecomesLost) gocdAgent.lastHeardMs = world.nowMs;
    } else if (isSilent) {
      gocdAgent.runtime = "LostContact";
    }
  }
}

/** The server loses its memory; every agent is Missing until its next ping. */
export function forgetMemory(world: GocdWorld): void {
  world.loaded = [];
  world.assignments.clear();
  world.sessions.clear();
  for (const gocdAgent of [...world.agents.values()]) {
    if (gocdAgent.configState === "Pending") {
      world.agents.delete(gocdAgent.uuid);
      continue;
    }
    gocdAgent.runtime = "Missing";
    gocdAgent.lastHeardMs = undefined;
    gocdAgent.freeSpace = undefined;
    gocdAgent.buildLocator = undefined;
    gocdAgent.holder = undefined;
    gocdAgent.killRequested = false;
  }
}

/** The records of an older configuration; what is only in memory is kept for those that still exist. */
export function restoreAgents(world: GocdWorld, agents: readonly SimGocdAgent[]): void {
  const now = new Map(world.agents);
  world.agents.clear();
  for (const record of agents) {
    if (record.configState === "Pending") continue;
    const { lastHeardMs, runtime } = now.get(record.uuid) ?? { lastHeardMs: undefined, runtime: "Missing" as const };
    world.agents.set(record.uuid, { ...record, lastHeardMs, runtime });
  }
}

/** Building or Cancelled: cannot be deleted (GoCD AgentInstance.canBeDeleted). */
export function canBeDeleted(gocdAgent: SimGocdAgent): boolean {
  return gocdAgent.configState === "Disabled" && gocdAgent.runtime !== "Building" && gocdAgent.runtime !== "Cancelled";
}

/** Enables or disables; a Pending agent shown Unknown becomes Idle with it (AgentInstance.syncAgentFrom). */
export function setConfigState(
  world: GocdWorld,
  gocdAgent: SimGocdAgent,
  change: { readonly to: "Enabled" | "Disabled"; readonly user: string },
): void {
  if (gocdAgent.configState !== change.to) {
    recordChange(world, gocdAgent, { kind: change.to === "Enabled" ? "enable" : "disable", user: change.user });
    saveConfig(world);
  }
  gocdAgent.configState = change.to;
  if (gocdAgent.runtime === "Unknown") gocdAgent.runtime = "Idle";
}

/** Records a change in the tally. */
export function recordChange(
  world: GocdWorld,
  gocdAgent: SimGocdAgent,
  change: { readonly kind: GocdAgentChange["kind"]; readonly user: string },
): void {
  world.tally.changes.push({ atMs: world.nowMs, uuid: gocdAgent.uuid, hostname: gocdAgent.hostname, ...change });
}

/** Removes a record; builds that its agent still has are counted as lost. */
export function deleteRecord(world: GocdWorld, gocdAgent: SimGocdAgent, user: string): void {
  world.tally.deletedWithWork.push(...buildsAtStake(world, gocdAgent.uuid, gocdAgent.hostname));
  recordChange(world, gocdAgent, { kind: "delete", user });
  saveConfig(world);
  world.agents.delete(gocdAgent.uuid);
  world.assignments.delete(gocdAgent.uuid);
}
