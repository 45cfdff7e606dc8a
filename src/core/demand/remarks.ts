// What else an operator should know of jobs that still need an agent: agents that match but are out of use, idle ones
// in the wrong environment, what GoCD itself says. None of it changes a verdict.

import type { Assessment, BucketAssessment } from "./assess.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { canTake, type Capability, capabilityKey, capabilityOf } from "./matching.ts";
import { uuidOf } from "../life/phase.ts";
import type { State } from "../state.ts";
import type { JobRemark } from "./verdict.ts";

/** Remarks of one plan. */
export interface Remarks {
  /** On a bucket some of whose jobs need an agent or are unserved. */
  ofBucket(assessed: BucketAssessment): readonly JobRemark[];
  /** On one job. */
  ofJob(locator: string): JobRemark | undefined;
}

/** The remarks that a state and its assessment call for; what is costly is made when first asked for. */
export function remarksOf(state: State, assessment: Assessment): Remarks {
  let unavailable: readonly UnavailableGroup[] | undefined;
  const unassigned = unassignedByLocator(state);
  const ours = new Set(state.instances.keys());
  return {
    ofBucket(assessed): readonly JobRemark[] {
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

/** Agents of one capability that are not ours, by what keeps them from building. */
interface UnavailableGroup {
  readonly capability: Capability;
  readonly counts: Map<string, number>;
}

const words: Readonly<Record<string, readonly [code: string, text: string]>> = {
  Disabled: ["agents-disabled", "disabled"],
  LostContact: ["agents-lost", "without contact"],
  Missing: ["agents-missing", "missing"],
  Pending: ["agents-pending", "pending"],
};
const alive = "alive";

function unavailableGroups(state: State): readonly UnavailableGroup[] {
  const rule = state.demand.backlog.resourceCase;
  const ours = new Set([...state.instances.values()].map(uuidOf));
  const groups = new Map<string, UnavailableGroup>();
  for (const gocdAgent of state.server.agents) {
    if (gocdAgent.elastic || ours.has(gocdAgent.uuid)) continue;
    const word = wordOf(gocdAgent);
    if (word === undefined) continue;
    const capability = capabilityOf(gocdAgent, rule);
    const key = capabilityKey(capability);
    const group = groups.get(key) ?? { capability, counts: new Map<string, number>() };
    group.counts.set(word, (group.counts.get(word) ?? 0) + 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function wordOf({ configState, agentState }: GocdAgent): string | undefined {
  if (configState === "Disabled" || configState === "Pending") return configState;
  if (configState !== "Enabled") return undefined;
  if (agentState === "Idle" || agentState === "Building") return alive;
  return agentState in words ? agentState : undefined;
}

/** `all 3 agents that match are out of use: 2 disabled, 1 without contact`; nothing while one of them is alive. */
function unavailableRemark(
  { bucket }: BucketAssessment,
  unavailable: readonly UnavailableGroup[],
): JobRemark | undefined {
  const counts = new Map<string, number>();
  for (const group of unavailable) {
    if (!canTake(group.capability, bucket.requirement)) continue;
    for (const [word, count] of group.counts) counts.set(word, (counts.get(word) ?? 0) + count);
  }
  if (counts.size === 0 || counts.has(alive)) return undefined;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const [code = "agents-out-of-use"] = words[sorted[0]?.[0] ?? ""] ?? [];
  if (total === 1) return { code, text: `the only agent that matches is ${words[sorted[0]?.[0] ?? ""]?.[1]}` };
  const parts = sorted.map(([word, count]) => `${count} ${words[word]?.[1]}`);
  return { code, text: `all ${total} agents that match are out of use: ${parts.join(", ")}` };
}

interface WrongEnvironmentQuestion {
  readonly assessed: BucketAssessment;
  readonly assessment: Assessment;
  /** Task ids, which are the names of our agents. */
  readonly ours: ReadonlySet<string>;
}

/** An idle agent with the resources that is in an environment beside a job in none, or the other way round. */
function wrongEnvironmentRemark(
  state: State,
  { assessed, assessment, ours }: WrongEnvironmentQuestion,
): JobRemark | undefined {
  const { environment, gocdResources } = assessed.bucket.requirement;
  for (const { kind, capability, names } of assessment.capacity) {
    if (kind !== "idle" || (environment === "") === (capability.environments.size === 0)) continue;
    if (!gocdResources.every((name) => capability.gocdResources.has(name))) continue;
    const host = names.find((hostname) => !ours.has(nameOf({ hostname })));
    if (host === undefined) continue;
    const named = state.server.agents.find((each) => each.hostname === host)?.environments ?? [];
    return environment === "" ? inEnvironment(host, named) : inNone(host, named);
  }
  return undefined;
}

function inEnvironment(host: string, named: GocdAgent["environments"]): JobRemark {
  const names = named.filter(({ origin }) => origin !== "unknown").map(({ name }) => name).join(", ");
  return {
    code: "agent-in-environment",
    text: `agent ${host} is idle and has the resources, but is in ${names} and takes only jobs from there`,
  };
}

function inNone(host: string, named: GocdAgent["environments"]): JobRemark {
  const unknown = named.filter(({ origin }) => origin === "unknown").map(({ name }) => name);
  const why = unknown.length === 0 ? "" : ` (it names ${unknown.join(", ")}, which the server does not know)`;
  return {
    code: unknown.length === 0 ? "agent-in-no-environment" : "agent-environment-unknown",
    text: `agent ${host} is idle and has the resources, but is in no environment${why}`,
  };
}

/** Source: GoCD 20.9 ConsoleActivityMonitor. */
function unassignedByLocator(state: State): ReadonlyMap<string, JobRemark> {
  const remarks = new Map<string, JobRemark>();
  for (const { code, hint, locators = [] } of state.server.findings) {
    if (code !== "gocd-job-unassigned") continue;
    const minutes = /last (\d+) minute/.exec(hint)?.[1];
    const text = `GoCD itself reports it as unassigned${minutes === undefined ? "" : ` for ${minutes} min`}`;
    for (const locator of locators) remarks.set(locator, { code: "gocd-job-unassigned", text });
  }
  return remarks;
}
