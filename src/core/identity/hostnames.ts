// The names that our agents go by on the GoCD server.

import type { GocdAgent } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import type { State } from "../state.ts";

/**
 * The first label of a hostname, in lower case. Our agents are called by their task id; where the container has a domain
 * the JVM gives its full name, `NAME.ci.example.com` (Java InetAddress.getLocalHost().getHostName()).
 */
export function nameOf({ hostname }: { readonly hostname: string }): string {
  const end = hostname.indexOf(".");
  return (end === -1 ? hostname : hostname.slice(0, end)).toLowerCase();
}

/** Whether a record is named as a task of ours, and not just claims to be. */
export function isNamed(gocdAgent: GocdAgent, taskId: string): boolean {
  return gocdAgent.proof !== "missing" && nameOf(gocdAgent) === taskId;
}

/** Whether an agent that calls itself so is that of the instance. */
export function isCalled({ taskId, dockerName }: AgentInstance, hostname: string): boolean {
  const name = nameOf({ hostname });
  return name === taskId || name === dockerName;
}

/**
 * Whether its Pending record needs proof: not where it was launched by a version that could have none. When and how an
 * adopted one was launched is not known.
 */
export function needsProof(instance: AgentInstance): boolean {
  return instance.needsProof === true || instance.adopted === true;
}

/** The list with what proves whose an agent is; those that go by Docker's name for a container of ours have its task id. */
export function underOwnNames(
  { instances }: Pick<State, "instances">,
  agents: readonly GocdAgent[],
): readonly GocdAgent[] {
  const owners = new Map<string, AgentInstance>();
  for (const instance of instances.values()) {
    owners.set(instance.taskId, instance);
    owners.set(instance.dockerName ?? instance.taskId, instance);
  }
  return agents.map((gocdAgent) => {
    const name = nameOf(gocdAgent);
    const owner = owners.get(name);
    if (owner === undefined) return gocdAgent;
    if (name === owner.dockerName) return { ...gocdAgent, hostname: owner.taskId, proof: "given" };
    const isAsked = owner.state === "starting" && owner.pendingUuid === gocdAgent.uuid;
    const isClaim = gocdAgent.configState === "Pending" && !isAsked && needsProof(owner);
    return isClaim ? { ...gocdAgent, proof: "missing" } : gocdAgent;
  });
}
