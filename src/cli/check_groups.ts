// What `check` reports about profiles for pipeline groups: GoCD ignores groups when it assigns a job to an agent.

import { isPattern, patternTest } from "../core/demand/patterns.ts";
import { groupTest, type PipelineGroups } from "../core/demand/pipeline_groups.ts";
import type { AgentProfile, Settings } from "../core/settings.ts";
import { listNames, profileKey, quotedName } from "../core/words/phrases.ts";
import type { AgentsWarning } from "./check_agents.ts";
import { nearestWord } from "./usage.ts";

/** The warning about agents to which GoCD could give jobs of other groups than those of their profile. */
export function groupsWarning({ profiles, poller }: Pick<Settings, "profiles" | "poller">): AgentsWarning | undefined {
  const mayServe = (one: AgentProfile, other: AgentProfile): boolean =>
    meetIn(one.environments, other.environments) &&
    (poller.resourcelessJobs === "serve" || meetIn(one.gocdResources, other.gocdResources));
  const open = profiles.filter((profile) =>
    profile.pipelineGroups !== undefined &&
    (profiles.length === 1 ||
      profiles.some((other) => other !== profile && !hasSameGroups(other, profile) && mayServe(profile, other)))
  );
  if (open.length === 0) return undefined;
  const names = open.map(({ name }) => name);
  return {
    text: "GoCD hands out jobs by resources and environments, not by pipeline groups: it may give agents of " +
      `${listNames(names)} jobs of other groups`,
    hint: "for a strict separation give the profile its own environment, or resources that no other profile has and " +
      "all of its jobs require",
  };
}

/** Warnings about groups of the configuration that the dashboard does not show. */
export function unknownGroups(
  { profiles, scaling: { fairShare } }: Pick<Settings, "profiles" | "scaling">,
  pipelineGroups: PipelineGroups | undefined,
): readonly AgentsWarning[] {
  if (pipelineGroups === undefined) return [];
  const shown = [...new Set(pipelineGroups.values())];
  const weighed = fairShare?.by === "pipeline-group" ? Object.keys(fairShare.weights) : [];
  const named = [
    ...profiles.map((each) => ({ key: `${profileKey(each.name)}.pipeline-groups`, names: each.pipelineGroups ?? [] })),
    { key: "scaling.weights", names: weighed.filter((name) => name !== "-") },
  ];
  return named.flatMap(({ key, names }) =>
    names.filter((name) => !shown.some(groupTest([name]))).map((name): AgentsWarning => {
      const near = nearestWord(name.toLowerCase(), shown.map((each) => each.toLowerCase()));
      const hint = near === undefined ? "" : `write ${quotedName(near)} if that is meant; otherwise `;
      return {
        text: `${key}: the dashboard of GoCD shows no pipeline group ${quotedName(name)}`,
        hint: `${hint}let the account of go-server view the pipelines of the group, if there is one`,
      };
    })
  );
}

function hasSameGroups(one: AgentProfile, other: AgentProfile): boolean {
  const text = ({ pipelineGroups }: AgentProfile): string =>
    JSON.stringify(pipelineGroups?.map((name) => name.toLowerCase()).toSorted());
  return text(one) === text(other);
}

/** Whether both have a name in common, as far as patterns show. Two empty lists count as equal. */
function meetIn(one: readonly string[] | "*", other: readonly string[] | "*"): boolean {
  if (one === "*" || other === "*" || one.length + other.length === 0) return true;
  return one.some((name) => other.some((each) => areAlike(name.toLowerCase(), each.toLowerCase())));
}

function areAlike(one: string, other: string): boolean {
  if (isPattern(one)) return isPattern(other) || patternTest(one)(other);
  return isPattern(other) ? patternTest(other)(one) : one === other;
}
