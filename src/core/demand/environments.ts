// Environments that only our configuration names, for `min-idle`. An agent in an environment that does not exist would
// serve nothing, so it is not launched.

import type { Finding } from "../event.ts";
import { namesOf } from "./patterns.ts";
import type { AgentProfile, Settings } from "../settings.ts";
import type { State } from "../state.ts";
import { environmentMissing } from "../words/findings.ts";

/** The environment that the `min-idle` agents of a profile register in; absent: none. */
export function minIdleEnvironment(profile: AgentProfile): string | undefined {
  return namesOf(profile.environments)[0];
}

/** The environments that a poll must ask about, each once. */
export function environmentsInQuestion({ profiles }: Settings): readonly string[] {
  const warm = profiles.filter(({ minIdle }) => minIdle > 0).map(minIdleEnvironment);
  return [...new Set(warm.filter((name) => name !== undefined))];
}

/** Whether the server is known not to have an environment; what cannot be told counts as there. */
export function isMissing({ server }: State, environment: string | undefined): boolean {
  return (server.missingEnvironments ?? []).some((name) => name === environment);
}

/** One finding for each environment of a profile that is not on the server. */
export function missingEnvironmentFindings(
  profiles: readonly AgentProfile[],
  missing: readonly string[],
): readonly Finding[] {
  return profiles.flatMap((profile) => {
    return namesOf(profile.environments).filter((name) => missing.includes(name)).map((name) => {
      const isWarm = profile.minIdle > 0 && name === minIdleEnvironment(profile);
      return environmentMissing(profile.name, name, isWarm);
    });
  });
}

/** The findings of the moment. */
export function environmentFindings({ settings, server }: State): readonly Finding[] {
  return missingEnvironmentFindings(settings.profiles, server.missingEnvironments ?? []);
}
