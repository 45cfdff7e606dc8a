// Looks up a profile by its name.

import type { AgentProfile, Settings } from "./settings.ts";

/**
 * The timeouts of an instance whose profile is no longer configured: the defaults of the key table
 * (config/keys_agents.ts).
 */
export const orphanClocks: ProfileClocks = { registerTimeoutMs: 600_000, killGraceMs: 30_000 };

/** The timeouts of an instance, in ms. */
export interface ProfileClocks {
  /** From running to registered. */
  readonly registerTimeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
}

/** Profiles by name, cached for the lifetime of the list; if two have the same name, the first. */
const byList = new WeakMap<readonly AgentProfile[], ReadonlyMap<string, AgentProfile>>();

/** The profile with that name; absent: it is no longer configured. */
export function profileOf({ profiles }: Pick<Settings, "profiles">, name: string): AgentProfile | undefined {
  let byName = byList.get(profiles);
  if (byName === undefined) {
    byName = new Map(profiles.toReversed().map((profile) => [profile.name, profile]));
    byList.set(profiles, byName);
  }
  return byName.get(name);
}

/** The cpus of an agent of the profile with that name, in thousandths; 0 if it is no longer configured. */
export function cpusMilliOf(settings: Pick<Settings, "profiles">, name: string): number {
  return profileOf(settings, name)?.mesosResources.cpusMilli ?? 0;
}

/** The timeouts of the profile with that name, or defaults if it is no longer configured. */
export function clocksOf(settings: Pick<Settings, "profiles">, name: string): ProfileClocks {
  const profile = profileOf(settings, name);
  if (profile === undefined) return orphanClocks;
  return { registerTimeoutMs: profile.registerTimeoutMs, killGraceMs: profile.container.killGraceMs };
}
