// Decides which Pending record is enabled for an instance: anyone can claim any hostname, and task ids are public in
// Mesos.

import { profileOf } from "../profile_of.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { Waiting } from "../instance.ts";
import type { State } from "../state.ts";
import { nameOf, needsProof } from "./hostnames.ts";
import { uuidOf } from "../life/phase.ts";

/**
 * The Pending record to enable, of those with the instance's name: the one that is being enabled, or the only one with
 * proof. If several have proof, all but one copied the name from the server: none is enabled. Its address proves
 * nothing (GoCD takes it from X-Forwarded-For).
 */
export function admissible(
  { settings }: State,
  instance: Waiting,
  pending: readonly GocdAgent[],
): GocdAgent | undefined {
  const uuid = uuidOf(instance);
  const asked = pending.find((each) => each.uuid === uuid);
  if (asked !== undefined) return asked;
  if (needsProof(instance)) {
    const proven = pending.filter(({ proof }) => proof === "given");
    return proven.length === 1 ? proven[0] : undefined;
  }
  // With a key it is Pending only if the key is wrong: a record older than the container does not belong to it.
  const isRunning = instance.state === "starting" && instance.runningSinceMs !== undefined;
  const profile = profileOf(settings, instance.profile);
  return profile?.registerKey !== undefined && !isRunning ? undefined : pending[0];
}

/** Instances that wait for an agent, with the number of Pending records with their name, none of which is admitted. */
export function unproven({ instances, server }: State): ReadonlyMap<string, number> {
  const claims = new Map<string, GocdAgent[]>();
  for (const gocdAgent of server.agents) {
    if (gocdAgent.configState !== "Pending" || gocdAgent.elastic || gocdAgent.proof === undefined) continue;
    const name = nameOf(gocdAgent);
    claims.set(name, [...claims.get(name) ?? [], gocdAgent]);
  }
  const told = new Map<string, number>();
  for (const [taskId, records] of claims) {
    const instance = instances.get(taskId);
    const isWaiting = instance?.state === "launching" ||
      instance?.state === "starting" && instance.pendingUuid === undefined;
    const proven = records.filter(({ proof }) => proof === "given").length;
    if (isWaiting && (proven !== 1 || records.length > 1)) told.set(taskId, records.length);
  }
  return told;
}
