// Environments that only our configuration names, for `min-idle`. An agent in a missing environment would be useless,
// so it is not launched.

import type { Finding } from "../event.ts";
import { namesOf } from "./patterns.ts";
import type { AgentProfile, Settings } from "../settings.ts";
import type { State } from "../state.ts";
import { environmentMissing } from "../words/findings.ts";

/** How many idle agents of a profile are always kept, by the environment that they register in; absent: none. */
export function minIdleEnvironments(
  { minIdle, minIdleOf, environments }: Pick<AgentProfile, "minIdle" | "minIdleOf" | "environments">,
): readonly { readonly environment?: string; readonly count: number }[] {
  const [first] = namesOf(environments);
  const floors = minIdleOf ?? { [first ?? noEnvironment]: minIdle };
  return Object.entries(floors).filter(([, count]) => count > 0).map(([environment, count]) =>
    environment === noEnvironment ? { count } : { environment, count }
  );
}

/** The key of {@linkcode AgentProfile.minIdleOf} for agents in no environment: not a valid environment name. */
export const noEnvironment = "";

/** The environments that a poll must check, each once. */
export function environmentsInQuestion({ profiles }: Settings): readonly string[] {
  return [...new Set(profiles.flatMap(warmEnvironments))];
}

/** Environments in which idle agents are kept, permanently or on a schedule. */
function warmEnvironments(profile: AgentProfile): readonly string[] {
  const { environments } = profile;
  const schedules = profile.schedules?.map(({ minIdle = 0, minIdleOf }) => ({
    environments,
    minIdle,
    ...(minIdleOf === undefined ? {} : { minIdleOf }),
  })) ?? [];
  return [profile, ...schedules].flatMap(minIdleEnvironments).flatMap(({ environment }) => environment ?? []);
}

/** Whether an environment is known to be missing; if unknown, it counts as existing. */
export function isMissing({ server }: State, environment: string | undefined): boolean {
  return server.missingEnvironments?.some((name) => name === environment) === true;
}

/** One finding for each environment of a profile that is not on the server. */
export function missingEnvironmentFindings(
  profiles: readonly AgentProfile[],
  missing: readonly string[] | undefined,
): readonly Finding[] {
  return profiles.flatMap((profile) => {
    return namesOf(profile.environments).filter((name) => missing?.includes(name)).map((name) => {
      const isWarm = warmEnvironments(profile).includes(name);
      return environmentMissing(profile.name, name, isWarm);
    });
  });
}

/** The current findings. */
export function environmentFindings({ settings, server }: State): readonly Finding[] {
  return missingEnvironmentFindings(settings.profiles, server.missingEnvironments);
}
