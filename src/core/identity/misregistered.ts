// An agent whose record lacks something it was launched with and would therefore never serve its jobs. If this persists
// it is corrected; only if that is impossible it is a failure. One read proves nothing: GoCD 26.2 first lists a new
// agent without its environments.

import type { Draft } from "../draft.ts";
import { countFailure, countSuccess } from "../life/failures.ts";
import { askAgainMs, newRecordMs, reenableMaxMs } from "../life/gocd_clocks.ts";
import { type GocdAgentIndex, isRequested, markRequested } from "../life/gocd_index.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import type { AgentInstance, Registered } from "../instance.ts";
import {
  capabilityFor,
  capabilityOf,
  foldEnvironment,
  foldResource,
  matchingEnvironments,
  registrationOf,
} from "../demand/matching.ts";
import { agentsAsOfMs } from "../session/reading.ts";
import type { Misregistered } from "../life/causes.ts";
import type { EnvironmentObstacle } from "../note.ts";
import { ruleOf } from "./recognition.ts";

/** What is wrong with a registration; nothing if it is complete. */
export function registrationGap(
  instance: AgentInstance,
  gocdAgent: GocdAgent,
  rule: ResourceCase,
): Misregistered | undefined {
  const wanted = capabilityFor(instance, rule);
  const got = capabilityOf(gocdAgent, rule);
  const hasEnvironment = wanted.environments.size === 0
    ? got.environments.size === 0
    : wanted.environments.isSubsetOf(got.environments);
  if (hasEnvironment && wanted.gocdResources.isSubsetOf(got.gocdResources)) return undefined;
  const [environment] = matchingEnvironments(gocdAgent);
  return {
    kind: "misregistered",
    got: registrationOf({ gocdResources: gocdAgent.gocdResources, environment }),
    wanted: registrationOf(instance),
  };
}

/** The first check of a registration: what is missing is stored with the instance. Returns the updated instance. */
export function noteGap(draft: Draft, instance: Registered, gocdAgent: GocdAgent): Registered {
  if (registrationGap(instance, gocdAgent, ruleOf(draft.state)) === undefined) return instance;
  return put(draft, { ...instance, gap: { sinceMs: draft.atMs } });
}

/** Further checks: it is complete now, it is corrected, or it is a failure. Returns the updated instance. */
export function trackGap(draft: Draft, instance: Registered, { byUuid }: GocdAgentIndex): Registered {
  if (instance.gap === undefined) return instance;
  const gocdAgent = byUuid.get(instance.uuid);
  const { gap, ...others } = instance;
  if (gocdAgent?.configState !== "Enabled" || draft.state.server.info?.maintenance === "on") return instance;
  const missing = registrationGap(instance, gocdAgent, ruleOf(draft.state));
  if (missing === undefined) {
    countSuccess(draft, instance);
    return put(draft, others);
  }
  // The data of a list is as old as its request.
  const readMs = agentsAsOfMs(draft.state.server);
  if (readMs - gap.sinceMs < newRecordMs || isRequested(draft, gocdAgent.uuid)) return instance;
  const obstacle = obstacleOf(draft, instance, gocdAgent);
  // A request of an earlier run may not have been sent.
  const isAsked = gap.repairMs !== undefined && gap.repairMs > draft.state.startedMs;
  if (!isAsked && obstacle === undefined) {
    repair(draft, instance, gocdAgent, missing);
    return put(draft, { ...instance, gap: { ...gap, repairMs: draft.atMs } });
  }
  if (readMs - (gap.repairMs ?? -Infinity) < askAgainMs) return instance;
  countFailure(draft, instance, missing);
  draft.note({
    kind: "agent-misregistered",
    taskId: instance.taskId,
    profile: instance.profile,
    gap: missing,
    ...(obstacle === undefined ? {} : { obstacle }),
  });
  return put(draft, { ...others, retire: "surplus" });
}

/** A correction that may not have arrived is requested again, for a while: the profile is not at fault. */
export function correctionLost(draft: Draft, taskId: string): void {
  const instance = draft.instance(taskId);
  if (instance?.state !== "registered" || instance.gap?.repairMs === undefined) return;
  const { repairMs: _, ...gap } = instance.gap;
  if (draft.atMs - gap.sinceMs < reenableMaxMs) draft.put({ ...instance, gap });
}

function put(draft: Draft, instance: Registered): Registered {
  draft.put(instance);
  return instance;
}

/** Its record gets what it was launched with, in addition to the resources that it has. */
function repair(draft: Draft, instance: Registered, gocdAgent: GocdAgent, missing: Misregistered): void {
  const { taskId, profile, environment, uuid } = instance;
  const rule = ruleOf(draft.state);
  const has = new Set(gocdAgent.gocdResources.map((name) => foldResource(name, rule)));
  const lacking = instance.gocdResources.filter((name) => !has.has(foldResource(name, rule)));
  markRequested(draft, uuid);
  draft.effect({
    kind: "correct-gocd-agent",
    taskId,
    uuid,
    registration: registrationOf({ gocdResources: [...gocdAgent.gocdResources, ...lacking], environment }),
  });
  draft.note({ kind: "agent-corrected", taskId, profile, uuid, gap: missing });
}

/** Why changing the record does not help. */
function obstacleOf(
  draft: Draft,
  { environment }: AgentInstance,
  gocdAgent: GocdAgent,
): EnvironmentObstacle | undefined {
  if (environment === undefined) {
    const unwanted = gocdAgent.environments.find(({ origin }) => origin === "config-repo");
    return unwanted === undefined ? undefined : { kind: "put-there", environment: unwanted.name };
  }
  const folded = foldEnvironment(environment);
  if (matchingEnvironments(gocdAgent).some((name) => foldEnvironment(name) === folded)) return undefined;
  const known = [gocdAgent, ...draft.state.server.agents].flatMap(({ environments }) => environments)
    .find(({ name }) => foldEnvironment(name) === folded);
  if (known?.origin === "unknown") return { kind: "unknown", environment };
  return known?.origin === "config-repo" ? { kind: "config-repo", environment } : undefined;
}
