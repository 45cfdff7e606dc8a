// A canary: one agent of a profile, launched on request of the operator and removed as soon as it has registered.

import { registrationOf } from "./matching.ts";
import { isMissing } from "./environments.ts";
import type { LaunchBudget } from "./gates.ts";
import { invalidRegistration } from "../names.ts";
import { namesOf } from "./patterns.ts";
import { profileOf } from "../profile_of.ts";
import type { State, WantedAgents } from "../state.ts";

/** It is dropped if no offer fits for this long. */
const canaryMs = 600_000;

/**
 * Requested canaries that are not launched yet. Limits and the launch rate of a slow server apply; a freeze and
 * failures of the profile do not, because a canary is used to find out whether they can be lifted.
 */
export function canaryAgents(
  state: State,
  { budget }: { readonly budget: LaunchBudget },
  atMs: number,
): readonly WantedAgents[] {
  return [...state.canaries].flatMap(([name, requestedMs]): readonly WantedAgents[] => {
    const profile = profileOf(state.settings, name);
    if (profile === undefined || atMs - requestedMs >= canaryMs) return [];
    const rooms = [
      budget.total(),
      budget.of(profile),
      budget.rate(),
      ...budget.limits.map((limit) => limit.room(profile)),
    ];
    if (Math.min(...rooms) < 1) return [];
    const environment = namesOf(profile.environments).find((each) => !isMissing(state, each));
    const registration = registrationOf({ gocdResources: namesOf(profile.gocdResources), environment });
    if (invalidRegistration(registration.gocdResources, environment) !== undefined) return [];
    budget.take(name, 1);
    return [{ bucketKey: `canary ${name}`, profile: name, ...registration, count: 1, reason: { kind: "canary" } }];
  });
}
