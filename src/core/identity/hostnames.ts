// The hostnames of our agents on the GoCD server.

import type { GocdAgent } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import type { State } from "../state.ts";

/**
 * The first label of a hostname, in lower case. Our agents are named by their task id; if the container has a domain,
 * the JVM reports its full name, `NAME.ci.example.com` (Java InetAddress.getLocalHost().getHostName()).
 */
export function nameOf({ hostname }: { readonly hostname: string }): string {
  const end = hostname.indexOf(".");
  return (end === -1 ? hostname : hostname.slice(0, end)).toLowerCase();
}

/** Whether a record has the name of one of our tasks, with proof. */
export function isNamed(gocdAgent: GocdAgent, taskId: string): boolean {
  return gocdAgent.proof !== "missing" && nameOf(gocdAgent) === taskId;
}

/** Whether an agent with this hostname belongs to the instance. */
export function isCalled({ taskId, dockerName }: AgentInstance, hostname: string): boolean {
  const name = nameOf({ hostname });
  return name === taskId || name === dockerName;
}

/**
 * Whether its Pending record needs proof: not if it was launched by a version without proof. When and how an adopted
 * instance was launched is not known.
 */
export function needsProof(instance: AgentInstance): boolean {
  return instance.needsProof === true || instance.adopted === true;
}

/**
 * The list with the proof of ownership of each agent; agents whose hostname is Docker's name for one of our containers,
 * and earlier records of an instance, get its task id.
 */
export function underOwnNames(
  { instances }: Pick<State, "instances">,
  agents: readonly GocdAgent[],
): readonly GocdAgent[] {
  const owners = new Map<string, AgentInstance>();
  const formers = new Map<string, string>();
  for (const instance of instances.values()) {
    owners.set(instance.taskId, instance);
    owners.set(instance.dockerName ?? instance.taskId, instance);
    for (const uuid of instance.formerUuids ?? []) formers.set(uuid, instance.taskId);
  }
  return agents.map((gocdAgent) => {
    const name = nameOf(gocdAgent);
    const owner = owners.get(name);
    if (owner === undefined) {
      const taskId = gocdAgent.configState === "Pending" ? undefined : formers.get(gocdAgent.uuid);
      return taskId === undefined ? gocdAgent : { ...gocdAgent, hostname: taskId };
    }
    if (name === owner.dockerName) return { ...gocdAgent, hostname: owner.taskId, proof: "given" };
    const isAsked = owner.state === "starting" && owner.pendingUuid === gocdAgent.uuid;
    const isClaim = gocdAgent.configState === "Pending" && !isAsked && needsProof(owner);
    return isClaim ? { ...gocdAgent, proof: "missing" } : gocdAgent;
  });
}
