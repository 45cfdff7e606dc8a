// The server's rule for which GocdAgent gets which job (GoCD AgentInstance.firstMatching).

import type { GocdWorld, SimGocdAgent, SimJob } from "./state.ts";

/** The agent's existing environments; names are case-insensitive. An unknown one does not take part. */
function realEnvironments(world: GocdWorld, gocdAgent: SimGocdAgent): readonly string[] {
  return gocdAgent.environments.map((name) => name.toLowerCase()).filter((name) => world.environments.has(name));
}

/** The environment of a job's pipeline in the current configuration. */
export function environmentOf(world: GocdWorld, job: SimJob): string | undefined {
  return world.pipelineEnvironments.get(job.pipeline);
}

/** The oldest job of the list in memory that this agent may take; undefined if there is none. */
export function firstMatchingJob(world: GocdWorld, gocdAgent: SimGocdAgent): SimJob | undefined {
  if (gocdAgent.configState !== "Enabled") return undefined;
  const environments = realEnvironments(world, gocdAgent);
  const spell = (name: string): string => world.rules.resourceCase === "insensitive" ? name.toLowerCase() : name;
  const has = new Set(gocdAgent.gocdResources.map(spell));
  for (const id of world.loaded) {
    const job = world.jobs.get(id);
    if (job === undefined || job.state !== "Scheduled" || job.obstacle === "zombie") continue;
    if (!fitsEnvironment(environmentOf(world, job), environments)) continue;
    if (fitsPinOrKind(gocdAgent, job) && job.gocdResources.every((name) => has.has(spell(name)))) return job;
  }
  return undefined;
}

function fitsEnvironment(environment: string | undefined, ofAgent: readonly string[]): boolean {
  return environment === undefined ? ofAgent.length === 0 : ofAgent.includes(environment.toLowerCase());
}

/** A pin names one agent; the plugin of an elastic agent is not modelled, so such agents take no jobs. */
function fitsPinOrKind(gocdAgent: SimGocdAgent, job: SimJob): boolean {
  if (job.pinnedUuid !== undefined) return job.pinnedUuid === gocdAgent.uuid;
  return job.elasticProfile === undefined && gocdAgent.elastic === undefined;
}
