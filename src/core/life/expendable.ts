// The order in which idle agents are removed: longest idle first, or by host (`scale-in`), and preferably agents with a
// useless workspace (`keep-workspaces`). Whether any is removed is decided in scale_in.ts and demand/room.ts.

import { countsToLimit } from "../demand/gates.ts";
import type { AgentInstance, Registered } from "../instance.ts";
import { pipelineOf } from "../demand/pipeline_groups.ts";
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
  return byIdleness.map((each) => queues.get(each.profile)?.next().value).filter((each) => each !== undefined);
}

/** `own`: in order of idleness. */
function orderOf(
  { instances }: Pick<State, "instances">,
  { scaleIn, keepsWorkspaces }: Pick<AgentProfile, "scaleIn" | "keepsWorkspaces"> = {},
  own: readonly Registered[],
): readonly Registered[] {
  const groups = keepsWorkspaces === true ? byWorkspace(own) : [own];
  if (scaleIn === undefined) return groups.flat();
  const hosts = new Map<string, Host>();
  const hostOf = ({ mesosAgentId }: AgentInstance): Host => {
    const found = hosts.get(mesosAgentId) ?? { agents: 0 };
    hosts.set(mesosAgentId, found);
    return found;
  };
  for (const instance of instances.values()) {
    if (countsToLimit(instance.state)) hostOf(instance).agents++;
  }
  return groups.flatMap((group) => byHost(Map.groupBy(group, hostOf), scaleIn));
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

/** How many agents of ours it has; decremented as they are removed. */
interface Host {
  agents: number;
}

/**
 * One at a time from the host with the fewest of our agents, so that it is empty soon, or from the one with the most,
 * so that they are balanced.
 */
function byHost(queues: ReadonlyMap<Host, Registered[]>, scaleIn: "pack" | "spread"): readonly Registered[] {
  const order: Registered[] = [];
  for (let next = nextOf(queues, scaleIn); next !== undefined; next = nextOf(queues, scaleIn)) {
    order.push(next.agent);
    next.queue.shift();
    next.host.agents--;
  }
  return order;
}

/** Of equal hosts, the one with the agent that has been idle longest. */
function nextOf(
  queues: ReadonlyMap<Host, Registered[]>,
  scaleIn: "pack" | "spread",
): { readonly host: Host; readonly queue: Registered[]; readonly agent: Registered } | undefined {
  const ranked = [...queues].flatMap(([host, queue]) =>
    queue.slice(0, 1).map((agent) => ({
      host,
      queue,
      agent,
      rank: scaleIn === "pack" ? host.agents : -host.agents,
    }))
  );
  return ranked.sort((a, b) => a.rank - b.rank || a.agent.activity.sinceMs - b.agent.activity.sinceMs)[0];
}
