// `scaling.fair-share`: at a limit, the sharer with the least for its weight is served next. Max-min fair: no sharer
// gets more while another that has less for its weight, and could be served, is held back.

import { type Ask, decide, type Decided, type Decision, type Decisions } from "./decide.ts";
import { type HeldBack, launchBudget } from "./gates.ts";
import { foldEnvironment } from "./matching.ts";
import { groupOfInstances, groupOfKey } from "./pipeline_groups.ts";
import type { LaunchGate } from "./reason.ts";
import { reusedFor } from "./reusable.ts";
import { isUnplaceable, lacksResources } from "./room.ts";
import { serveInTurn } from "./serve_in_turn.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { profileOf } from "../profile_of.ts";
import type { AgentProfile, FairShare, Settings } from "../settings.ts";
import type { State, WantedAgents } from "../state.ts";

/** The sharer of an agent that is launched with this profile for jobs of this bucket. */
export function sharerOf({ by }: FairShare, { profile, environment, bucketKey }: LaunchedFor): string {
  switch (by) {
    case "profile":
      return profile;
    case "environment":
      return foldEnvironment(environment);
    case "pipeline-group":
      return groupOfKey(bucketKey);
  }
}

/** The profile and the bucket that an agent is launched for. */
export interface LaunchedFor {
  readonly profile: string;
  readonly environment?: string | undefined;
  readonly bucketKey?: string;
}

/** Returns the sharer of an instance; with shares between groups, the group whose job it builds. */
export function sharerOfInstances(fairShare: FairShare, state: State): (instance: AgentInstance) => string {
  return fairShare.by === "pipeline-group" ? groupOfInstances(state) : (instance) => sharerOf(fairShare, instance);
}

/** The sharer of the agents that a bucket needs. */
function sharerOfAsk(fairShare: FairShare, { assessed: { choice, bucket } }: Ask): string | undefined {
  if (choice.kind !== "serves") return undefined;
  const { environment, key: bucketKey } = bucket;
  return sharerOf(fairShare, { profile: choice.profile.name, environment, bucketKey });
}

/** The weight of a sharer; 1 by default. */
export function weightOf({ by, weights }: FairShare, settings: Pick<Settings, "profiles">, sharer: string): number {
  if (by === "profile") return profileOf(settings, sharer)?.weight ?? 1;
  const name = sharer === "" ? noName : sharer;
  return new Map(Object.entries(weights)).get(name) ?? 1;
}

/** The key for no environment, and for an unknown group, in the weights. */
const noName = "-";

/** Whether an instance counts for its sharer: one that is being removed does not. */
export function isInUse(instance: AgentInstance): boolean {
  return isWaiting(instance) || instance.state === "registered";
}

/** By sharer: the agents that it has. */
export function usesOf(fairShare: FairShare, state: State): Map<string, number> {
  const uses = new Map<string, number>();
  const sharerOfInstance = sharerOfInstances(fairShare, state);
  for (const instance of state.instances.values()) {
    if (!isInUse(instance)) continue;
    const sharer = sharerOfInstance(instance);
    uses.set(sharer, (uses.get(sharer) ?? 0) + 1);
  }
  return uses;
}

/** Number of turns with a separate entry in the wanted list; later ones are combined by bucket. */
const turnsMax = 100;

/**
 * Decides for all at once. Demand that draining agents can serve is deducted first, unless others wait for their slots.
 */
export function inFairTurn(decisions: Decisions, fairShare: FairShare): Decided {
  const { state, asks, atMs } = decisions;
  if (!decisions.mayReuse || decisions.leaving.length === 0) {
    return { ...rounds(decisions, fairShare, asks.map(dueOf)), reuse: [] };
  }
  const foresight = { ...decisions, budget: launchBudget(state, atMs) };
  const { held, wanted } = rounds(foresight, fairShare, asks.map(dueOf));
  const poorerThan = lackingResources(state, { fairShare, wanted }, atMs);
  const reuse: string[] = [];
  const leftOf = (ask: Ask): Due => {
    const { assessed, needs } = ask;
    const own = sharerOfAsk(fairShare, ask);
    const others = [...held.filter(({ sharer }) => sharer !== own), ...poorerThan(own)];
    const { leaving } = decisions;
    const again = reusedFor(state, { assessed, needs, leaving, taken: reuse, held: others });
    reuse.push(...again);
    return { ask, left: needs - again.length };
  };
  return { ...rounds(decisions, fairShare, asks.map(leftOf)), reuse };
}

/** Returns the wanted agents that lack resources, of sharers that have less for their weight than a given one. */
function lackingResources(
  state: State,
  { fairShare, wanted }: { readonly fairShare: FairShare; readonly wanted: readonly WantedAgents[] },
  atMs: number,
): (own: string | undefined) => readonly HeldBack[] {
  const uses = usesOf(fairShare, state);
  const level = (sharer: string): number => (uses.get(sharer) ?? 0) / weightOf(fairShare, state.settings, sharer);
  const lacking = wanted.filter(({ profile }) => lacksResources(state, profile, atMs)).map((each) => ({
    profile: each.profile,
    byProfile: 0,
    byFramework: each.count,
    sharer: sharerOf(fairShare, each),
  }));
  return (own = "") => lacking.filter(({ sharer }) => level(sharer) < level(own));
}

/** The demand of a bucket that is to be launched for. */
interface Due {
  readonly ask: Ask;
  readonly left: number;
}

function dueOf(ask: Ask): Due {
  return { ask, left: ask.needs };
}

interface Standing {
  readonly sharer: string;
  readonly queue: Due[];
}

function rounds(
  decisions: Decisions,
  fairShare: FairShare,
  dues: readonly Due[],
): Omit<Decided, "reuse"> {
  const { state } = decisions;
  const uses = usesOf(fairShare, state);
  const counts = new Map<Ask, number>();
  const refusals = new Map<Ask, Decision>();
  const turns = newTurns();
  const held: HeldBack[] = [];
  const serve = (dues: readonly Due[], isPlaceable: boolean): void => {
    const sharers = standingsOf(dues, fairShare).map((standing) => ({
      ...standing,
      inUse: uses.get(standing.sharer) ?? 0,
      weight: weightOf(fairShare, state.settings, standing.sharer),
    }));
    serveInTurn(sharers, ({ sharer, queue }) => {
      for (let due = queue[0]; due !== undefined; due = queue[0]) {
        const { ask } = due;
        const count = counts.get(ask) ?? 0;
        const left = due.left - count;
        if (left <= 0) {
          queue.shift();
          continue;
        }
        const { entry } = decide(decisions, ask, 1);
        if (entry !== undefined) {
          counts.set(ask, count + 1);
          turns.add(entry);
          return true;
        }
        // Called with the remaining demand, it returns what holds it back.
        const refusal = decide(decisions, ask, left);
        refusals.set(ask, refusal);
        const { requirement } = ask.assessed.bucket;
        if (isPlaceable && refusal.held !== undefined) held.push({ ...refusal.held, sharer, requirement });
        queue.shift();
      }
      return false;
    });
  };
  // What no host can take gets what the others leave of the limits; nobody gives up a slot for it.
  const unplaceable = unplaceableProfiles(decisions, dues);
  const isPlaceable = ({ ask: { assessed: { choice } } }: Due): boolean =>
    choice.kind !== "serves" || !unplaceable.has(choice.profile);
  serve(dues.filter(isPlaceable), true);
  serve(dues.filter((due) => !isPlaceable(due)), false);
  return {
    wanted: turns.wanted,
    held,
    decided: dues.map(({ ask }) => {
      const wanted = counts.get(ask) ?? 0;
      return { ask, gate: sharedGate(refusals.get(ask)?.gate ?? { kind: "go" }, fairShare, wanted), wanted };
    }),
  };
}

/** The profiles that no host could take, even without our agents. */
function unplaceableProfiles({ state, atMs }: Decisions, dues: readonly Due[]): ReadonlySet<AgentProfile> {
  const asked = dues.flatMap(({ ask: { assessed: { choice } } }) => choice.kind === "serves" ? [choice.profile] : []);
  return new Set([...new Set(asked)].filter((profile) => isUnplaceable(state, profile, atMs)));
}

/** The buckets of each sharer, the one with the oldest job first. */
function standingsOf(dues: readonly Due[], fairShare: FairShare): readonly Standing[] {
  const standings = new Map<string, Standing>();
  for (const due of dues) {
    const sharer = sharerOfAsk(fairShare, due.ask);
    if (sharer === undefined) continue;
    const standing = standings.get(sharer);
    if (standing === undefined) standings.set(sharer, { sharer, queue: [due] });
    else standing.queue.push(due);
  }
  return [...standings.values()];
}

interface Turns {
  readonly wanted: readonly WantedAgents[];
  add(entry: WantedAgents): void;
}

function newTurns(): Turns {
  const wanted: WantedAgents[] = [];
  const lastOf = new Map<string, number>();
  return {
    wanted,
    add(entry): void {
      const at = wanted.length < turnsMax ? wanted.length - 1 : lastOf.get(entry.bucketKey) ?? -1;
      const same = wanted[at];
      if (same?.bucketKey === entry.bucketKey) wanted[at] = { ...same, count: same.count + entry.count };
      else lastOf.set(entry.bucketKey, wanted.push(entry) - 1);
    },
  };
}

function sharedGate(gate: LaunchGate, { by }: FairShare, allowed: number): LaunchGate {
  return gate.kind === "held-limit" ? { ...gate, allowed, sharedBy: by } : gate;
}
