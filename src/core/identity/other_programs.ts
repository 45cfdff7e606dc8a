// Another gocd-mesos on the same GoCD server, most likely on another Mesos cluster: both launch agents for the same
// jobs, and neither sees the other's agents until they register.

import { parseTaskId } from "./task_id.ts";
import type { Bucket } from "../demand/backlog.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import { canTake, capabilityOf, registrationOf } from "../demand/matching.ts";
import { matchProfile } from "../demand/profile_choice.ts";

/** A list of agents and the waiting jobs. */
export interface ListedAgents {
  readonly agents: readonly GocdAgent[];
  readonly buckets: readonly Bucket[];
  readonly rule: ResourceCase;
}

/**
 * Reports an agent that appears with a name like ours, but of another lineage, and that can take jobs we launch for.
 * Agents that existed when this program started may be left from an earlier run, and two programs that share no jobs
 * are fine.
 */
export function noteOtherPrograms(draft: Draft, { agents, buckets, rule }: ListedAgents): void {
  const { server, framework, instances, settings } = draft.state;
  if (server.reading === undefined) return;
  const known = new Set(server.agents.map(({ uuid }) => uuid));
  for (const gocdAgent of agents) {
    if (known.has(gocdAgent.uuid) || gocdAgent.elastic || gocdAgent.configState !== "Enabled") continue;
    const name = nameOf(gocdAgent);
    const lineage = parseTaskId(name)?.lineage;
    if (lineage === undefined || lineage === framework.lineage || instances.has(name)) continue;
    const capability = capabilityOf(gocdAgent, rule);
    const shared = buckets.find(({ requirement }) =>
      canTake(capability, requirement) &&
      settings.profiles.some((profile) => matchProfile(profile, requirement, rule).kind === "serves")
    );
    if (shared === undefined) continue;
    draft.note({
      kind: "other-program",
      hostname: name,
      lineage,
      need: registrationOf(shared),
      onceKey: lineage,
    });
  }
}
