// Additional information about jobs that still need an agent: matching agents that are unavailable, idle ones in the
// wrong environment, GoCD's own warnings. Remarks do not change verdicts.

import type { Assessment, BucketAssessment } from "./assess.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { canTake, type Capability, capabilityKey, capabilityOf, matchingEnvironments } from "./matching.ts";
import { uuidOf } from "../life/phase.ts";
import type { State } from "../state.ts";
import type { Remark, UnavailableKind } from "./reason.ts";

/** Remarks of one plan. */
export interface Remarks {
  /** About a bucket with jobs that need an agent or are unserved. */
  ofBucket(assessed: BucketAssessment): readonly Remark[];
  /** About one job. */
  ofJob(locator: string): Remark | undefined;
}

/** The remarks for a state and its assessment; expensive ones are computed on first use. */
export function remarksOf(state: State, assessment: Assessment): Remarks {
  let unavailable: readonly UnavailableGroup[] | undefined;
  const unassigned = unassignedByLocator(state);
  const ours = new Set(state.instances.keys());
  return {
    ofBucket(assessed): readonly Remark[] {
      if (assessed.rest <= 0) return [];
      unavailable ??= unavailableGroups(state);
      const remarks = [
        unavailableRemark(assessed, unavailable),
        wrongEnvironmentRemark(state, { assessed, assessment, ours }),
      ];
      return remarks.filter((remark) => remark !== undefined);
    },
    ofJob: (locator) => unassigned.get(locator),
  };
}

type Availability = UnavailableKind | "alive";

/** Foreign agents with the same capability, by what keeps them from building. */
interface UnavailableGroup {
  readonly capability: Capability;
  readonly counts: Map<Availability, number>;
}

const silent: Readonly<Record<string, UnavailableKind>> = { LostContact: "agents-lost", Missing: "agents-missing" };

function unavailableGroups(state: State): readonly UnavailableGroup[] {
  const rule = state.demand.backlog.resourceCase;
  const ours = new Set([...state.instances.values()].map(uuidOf));
  const groups = new Map<string, UnavailableGroup>();
  for (const gocdAgent of state.server.agents) {
    if (gocdAgent.elastic || ours.has(gocdAgent.uuid)) continue;
    const word = availabilityOf(gocdAgent);
    if (word === undefined) continue;
    const capability = capabilityOf(gocdAgent, rule);
    const key = capabilityKey(capability);
    const group = groups.get(key) ?? { capability, counts: new Map<Availability, number>() };
    group.counts.set(word, (group.counts.get(word) ?? 0) + 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function availabilityOf({ configState, agentState }: GocdAgent): Availability | undefined {
  if (configState === "Disabled") return "agents-disabled";
  if (configState === "Pending") return "agents-pending";
  if (configState !== "Enabled") return undefined;
  return agentState === "Idle" || agentState === "Building" ? "alive" : silent[agentState];
}

/** Reports that all matching agents are unavailable; nothing while one of them is in contact. */
function unavailableRemark(
  { bucket }: BucketAssessment,
  unavailable: readonly UnavailableGroup[],
): Remark | undefined {
  const counts = new Map<UnavailableKind, number>();
  for (const group of unavailable) {
    if (!canTake(group.capability, bucket.requirement)) continue;
    for (const [kind, count] of group.counts) {
      if (kind === "alive") return undefined;
      counts.set(kind, (counts.get(kind) ?? 0) + count);
    }
  }
  const sorted = [...counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count);
  return sorted[0] === undefined ? undefined : { kind: sorted[0].kind, counts: sorted };
}

interface WrongEnvironmentQuestion {
  readonly assessed: BucketAssessment;
  readonly assessment: Assessment;
  /** Task ids, which are the names of our agents. */
  readonly ours: ReadonlySet<string>;
}

/** An idle agent with the resources that is in an environment while the job is in none, or vice versa. */
function wrongEnvironmentRemark(
  state: State,
  { assessed, assessment, ours }: WrongEnvironmentQuestion,
): Remark | undefined {
  const { environment, gocdResources } = assessed.bucket.requirement;
  // Coming agents are ours.
  for (const { capability, names } of assessment.capacity) {
    if ((environment === "") === (capability.environments.size === 0)) continue;
    if (!gocdResources.every((name) => capability.gocdResources.has(name))) continue;
    const host = names.find((hostname) => !ours.has(nameOf({ hostname })));
    const gocdAgent = state.server.agents.find(({ hostname }) => hostname === host);
    if (gocdAgent === undefined) continue;
    return environment === "" ? inEnvironment(gocdAgent) : inNone(gocdAgent);
  }
  return undefined;
}

function inEnvironment(gocdAgent: GocdAgent): Remark {
  return {
    kind: "agent-in-environment",
    host: gocdAgent.hostname,
    environments: matchingEnvironments(gocdAgent),
  };
}

/** All environments that it names are unknown to the server. */
function inNone({ hostname: host, environments: named }: GocdAgent): Remark {
  const environments = named.map(({ name }) => name);
  return environments.length === 0
    ? { kind: "agent-in-no-environment", host }
    : { kind: "agent-environment-unknown", host, environments };
}

/** Source: GoCD 20.9 ConsoleActivityMonitor. */
function unassignedByLocator(state: State): ReadonlyMap<string, Remark> {
  const remarks = new Map<string, Remark>();
  for (const { code, forMin, locators = [] } of state.server.findings) {
    if (code !== "gocd-job-unassigned") continue;
    const remark: Remark = { kind: "gocd-job-unassigned", ...(forMin === undefined ? {} : { forMin }) };
    for (const locator of locators) remarks.set(locator, remark);
  }
  return remarks;
}
