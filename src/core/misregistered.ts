// An agent that registered with less than it was launched for would never serve its jobs, and the next one would not
// either. Not here: registration itself (lifecycle_gocd.ts). Source: agents API v1 cannot set environments, and servers up
// to 19.8 ignore an environment they do not know (facts: gocd 2.3, 4.1). Called by lifecycle_gocd.ts.

import type { GocdAgent, ResourceCase } from "./gocd_records.ts";
import type { AgentInstance } from "./instance.ts";
import { capabilityFor, capabilityOf, matchingEnvironments } from "./matching.ts";
import { describeNeed } from "./reason.ts";

/** What is wrong with a registration, in words; nothing where it has all that it was launched for. */
export function registrationGap(
  instance: AgentInstance,
  gocdAgent: GocdAgent,
  rule: ResourceCase,
): string | undefined {
  const wanted = capabilityFor(instance, rule);
  const got = capabilityOf(gocdAgent, rule);
  const hasEnvironment = wanted.environments.size === 0
    ? got.environments.size === 0
    : wanted.environments.isSubsetOf(got.environments);
  if (hasEnvironment && wanted.gocdResources.isSubsetOf(got.gocdResources)) return undefined;
  return `it registered as ${describeNeed(gocdAgent.gocdResources, matchingEnvironments(gocdAgent)[0])}, ` +
    `not as ${describeNeed(instance.gocdResources, instance.environment)}`;
}

/** What the operator can do about it. */
export const registrationGapHint: string =
  "set go-agent.auto-register-key to the server's agentAutoRegisterKey, and see that the environment exists there and " +
  "that the image passes on AGENT_AUTO_REGISTER_* (or AGENT_*)";
