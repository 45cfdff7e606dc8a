// Environments that only our configuration names, for `min-idle`. An agent in an environment that does not exist would
// serve nothing, so it is not launched.

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

/** The key of {@linkcode AgentProfile.minIdleOf} for agents in no environment: no name of one. */
export const noEnvironment = "";

/** The environments that a poll must ask about, each once. */
export function environmentsInQuestion({ profiles }: Settings): readonly string[] {
  return [...new Set(profiles.flatMap(warmEnvironments))];
}

/** Where idle agents are kept, always or at times. */
function warmEnvironments(profile: AgentProfile): readonly string[] {
  const { environments } = profile;
  const schedules = profile.schedules?.map(({ minIdle = 0, minIdleOf }) => ({
    environments,
    minIdle,
    ...(minIdleOf === undefined ? {} : { minIdleOf }),
  })) ?? [];
  return [profile, ...schedules].flatMap(minIdleEnvironments).flatMap(({ environment }) => environment ?? []);
}

/** Whether the server is known not to have an environment; what cannot be told counts as there. */
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

/** The findings of the moment. */
export function environmentFindings({ settings, server }: State): readonly Finding[] {
  return missingEnvironmentFindings(settings.profiles, server.missingEnvironments);
}
