// The order in which idle agents are removed: longest idle first, or by host (`scale-in`), and preferably agents with a
// useless workspace (`keep-workspaces`). Whether any is removed is decided in scale_in.ts and demand/room.ts.

import { countsToLimit } from "../demand/gates.ts";
import type { Registered } from "../instance.ts";
import { profileOf } from "../profile_of.ts";
import type { AgentProfile } from "../settings.ts";
import type { State } from "../state.ts";

/**
 * Sorted in the order of removal. Each profile orders its own agents; between profiles, the agent that has been idle
 * longest comes first.
 */
export function inOrderOfScaleIn(
  state: Pick<State, "settings" | "instances">,
  agents: readonly Registered[],
): readonly Registered[] {
  const byIdleness = [...agents].sort((a, b) => a.activity.sinceMs - b.activity.sinceMs);
  const queues = new Map(
    [...Map.groupBy(byIdleness, ({ profile }) => profile)].map(([name, own]) =>
      [name, orderOf(state, profileOf(state.settings, name), own).values()] as const
    ),
  );
  return byIdleness.map((each) => queues.get(each.profile)?.next().value ?? each);
}

/** The pipeline of a job, by its locator. */
export function pipelineOf(locator: string): string {
  return locator.split("/", 1)[0] ?? "";
}

/** `own`: in order of idleness. */
function orderOf(
  { instances }: Pick<State, "instances">,
  { scaleIn, keepsWorkspaces }: Pick<AgentProfile, "scaleIn" | "keepsWorkspaces"> = {},
  own: readonly Registered[],
): readonly Registered[] {
  const groups = keepsWorkspaces === true ? byWorkspace(own) : [own];
  if (scaleIn === undefined) return groups.flat();
  const onHost = new Map<string, number>();
  for (const { mesosAgentId, state } of instances.values()) {
    if (countsToLimit(state)) onHost.set(mesosAgentId, (onHost.get(mesosAgentId) ?? 0) + 1);
  }
  return groups.flatMap((group) => byHost(group, onHost, scaleIn));
}

/**
 * Agents that have built nothing; agents whose last pipeline was also built last by another agent that has been idle
 * for less time; and the only agents with a recent workspace of a pipeline.
 */
function byWorkspace(own: readonly Registered[]): readonly (readonly Registered[])[] {
  const cold: Registered[] = [];
  const doubled: Registered[] = [];
  const only: Registered[] = [];
  const warm = new Set<string | undefined>();
  for (const agent of own.toReversed()) {
    const { built, environment = "" } = agent;
    // An agent of another environment never gets the pipeline.
    const workspace = built?.locator === undefined ? undefined : `${environment} ${pipelineOf(built.locator)}`;
    if (workspace === undefined) cold.unshift(agent);
    else if (warm.has(workspace)) doubled.unshift(agent);
    else only.unshift(agent);
    warm.add(workspace);
  }
  return [cold, doubled, only];
}

/**
 * One at a time from the host with the fewest of our agents, so that it is empty soon, or from the one with the most,
 * so that they are balanced. `onHost` is decremented as agents are removed.
 */
function byHost(
  group: readonly Registered[],
  onHost: Map<string, number>,
  scaleIn: "pack" | "spread",
): readonly Registered[] {
  const queues = new Map<string, Registered[]>();
  for (const agent of group) queues.set(agent.mesosAgentId, [...queues.get(agent.mesosAgentId) ?? [], agent]);
  const order: Registered[] = [];
  while (queues.size > 0) {
    const next = nextHost(queues, onHost, scaleIn);
    const [agent, ...rest] = queues.get(next) ?? [];
    if (agent !== undefined) order.push(agent);
    if (rest.length === 0) queues.delete(next);
    else queues.set(next, rest);
    onHost.set(next, (onHost.get(next) ?? 1) - 1);
  }
  return order;
}

/** Of equal hosts, the one with the agent that has been idle longest. */
function nextHost(
  queues: ReadonlyMap<string, readonly Registered[]>,
  onHost: ReadonlyMap<string, number>,
  scaleIn: "pack" | "spread",
): string {
  const ranked = [...queues].map(([host, [first]]) => {
    const agents = onHost.get(host) ?? 0;
    return { host, agents: scaleIn === "pack" ? agents : -agents, sinceMs: first?.activity.sinceMs ?? 0 };
  });
  return ranked.sort((a, b) => a.agents - b.agents || a.sinceMs - b.sinceMs)[0]?.host ?? "";
}
