// The laws of fair shares (`scaling.fair-share`): at the global limit, no agent is launched for a sharer that has more
// for its weight; and at that limit, at `scaling.max-cpu-share` and in a full cluster, a sharer that has less than others
// would have without one of their agents does not wait until they are idle.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Frame } from "../../src/core/frame.ts";
import { isRoomless } from "../../src/core/demand/room.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { FairShare } from "../../src/core/settings.ts";
import type { State } from "../../src/core/state.ts";
import { shownGroup } from "./invariants_groups.ts";
import { isMakingRoom } from "./invariants_pace.ts";
import { fits } from "./invariants_launch.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

type Bucket = State["demand"]["buckets"][number];

/** After a poll. */
export function checkShares(world: World, before: State, { state }: Frame): void {
  const { fairShare } = state.settings.scaling;
  if (fairShare === undefined) return;
  const held = state.demand.buckets.filter(({ gate, needsAgent, wanted }) =>
    gate.kind === "held-limit" && gate.profile === undefined && needsAgent > wanted
  );
  const short = state.demand.buckets.filter((each) => each.wanted > 0 && shortOf(state, each.profile) !== undefined);
  if (held.length + short.length === 0) return;
  const sharerOf = (each: Sharing): string =>
    fairShare.by === "profile"
      ? each.profile ?? ""
      : fairShare.by === "environment"
      ? (each.environment ?? "").toLowerCase()
      : groupOf(world, each);
  const uses = new Map<string, number>();
  const add = (sharer: string, count: number): void => void uses.set(sharer, (uses.get(sharer) ?? 0) + count);
  const all = [...state.instances.values()];
  for (const each of all) {
    if (isStanding(state, each)) add(sharerOf(each), 1);
  }
  const level = (sharer: string, more: number): number =>
    ((uses.get(sharer) ?? 0) + more) / weightOf(state, fairShare, sharer);
  checkResources(world, state, { short, all, sharerOf, level, add });
  for (const bucket of state.demand.buckets) add(sharerOf(bucket), bucket.wanted);
  for (const bucket of held) {
    if (fitsNowhere(before, state, bucket.profile)) continue;
    const own = level(sharerOf(bucket), 0);
    const favoured = state.demand.buckets.find((each) =>
      each.wanted > 0 && sharerOf(each) !== sharerOf(bucket) && level(sharerOf(each), -1) > own + 1e-9
    );
    demand(
      favoured === undefined,
      "fair-share",
      () => `${favoured?.key} gets agents before ${bucket.key}, which has less for its weight`,
    );
    checkYielding(world, state, { bucket, all, sharerOf, level, isEnough: () => true });
  }
}

/** Whether agents of a profile fit on no host, whoever left it: with fair shares they take no slot from others. */
export function fitsNowhere(before: State, state: State, profile?: string): boolean {
  // A role that nothing is wanted in any more is suppressed after the shares were computed.
  const then = { ...state, offers: { ...state.offers, roles: before.offers.roles } };
  return state.settings.scaling.fairShare !== undefined && shortOf(then, profile) === "room" &&
    ![...state.instances.values()].some((each) => each.state !== "gone" && freesEnough(then, each, profile));
}

/** What holds back agents that no limit on their number holds back. */
function shortOf({ settings, offers, lastStepMs, ...state }: State, name?: string): "share" | "room" | undefined {
  const profile = settings.profiles.find((each) => each.name === name);
  if (profile === undefined) return undefined;
  // Whether `max-cpu-share` is still set: what it held back is kept for two minutes.
  const shareHeld = settings.scaling.maxCpuShare === undefined ? undefined : offers.shareHeld;
  if (shareHeld !== undefined && lastStepMs - shareHeld.atMs < 120_000 && shareHeld.profiles.includes(profile.name)) {
    return "share";
  }
  return isRoomless({ settings, offers, lastStepMs, ...state }, profile, lastStepMs) ? "room" : undefined;
}

/** One agent that frees enough by itself must be removed. */
function checkResources(
  world: World,
  state: State,
  { short, add, ...shares }: Shares & {
    readonly short: readonly Bucket[];
    readonly add: (sharer: string, count: number) => void;
  },
): void {
  const fitting = state.demand.wanted.filter(({ reason, profile }) =>
    reason.kind !== "jobs" || shortOf(state, profile) === undefined
  );
  for (const each of fitting) add(shares.sharerOf(each), each.count);
  for (const bucket of short) {
    const isEnough = (each: AgentInstance): boolean => freesEnough(state, each, bucket.profile);
    checkYielding(world, state, { ...shares, bucket, isEnough });
  }
  for (const each of fitting) add(shares.sharerOf(each), -each.count);
}

/** Whether an agent frees at least what one of the profile needs, on a host that takes it. */
function freesEnough({ settings, breakers, lastStepMs, ...state }: State, each: AgentInstance, name?: string): boolean {
  const from = settings.profiles.find((profile) => profile.name === each.profile);
  const to = settings.profiles.find((profile) => profile.name === name);
  if (from === undefined || to === undefined) return false;
  if (shortOf({ settings, breakers, lastStepMs, ...state }, name) === "share") {
    return from.mesosResources.cpusMilli >= to.mesosResources.cpusMilli;
  }
  const isPlain = to.role === from.role && to.constraints.length === 0 && to.maxPerHost === undefined &&
    to.mesosResources.portsCount === 0;
  const [a, b] = [from.mesosResources, to.mesosResources];
  const isAvoided = (breakers.hosts.get(each.host)?.avoid?.untilMs ?? 0) > lastStepMs;
  return isPlain && !isAvoided && a.cpusMilli >= b.cpusMilli && a.memMbMilli >= b.memMbMilli &&
    a.diskMbMilli >= b.diskMbMilli && a.gpus >= b.gpus;
}

interface Shares {
  readonly all: readonly AgentInstance[];
  readonly sharerOf: (each: Sharing) => string;
  readonly level: (sharer: string, more: number) => number;
}

/** Determines the sharer of a bucket or an agent. */
type Sharing = Partial<Pick<Bucket, "profile" | "environment" | "pipelineGroup">> & {
  readonly bucketKey?: string;
  readonly uuid?: string;
  readonly activity?: { readonly kind: string };
  readonly reason?: unknown;
};

/** The sharer of the job that an agent builds, as far as observed, otherwise that of the jobs it was launched for. */
function groupOf(world: World, { pipelineGroup, bucketKey, uuid, activity, reason }: Sharing): string {
  if (pipelineGroup !== undefined) return pipelineGroup.toLowerCase();
  // What is drained for others builds: its job was known when the shares were computed.
  const isBuilding = activity?.kind === "building" || reason === "fair-share";
  const locator = isBuilding ? world.watch.groups.builds.get(uuid ?? "") : undefined;
  const built = locator === undefined ? "" : shownGroup(world, locator);
  return built === "" ? /;group (.*)$/.exec(bucketKey ?? "")?.[1] ?? "" : built;
}

const standing: ReadonlySet<string> = new Set(["launching", "starting", "registered"]);

/** The agents that existed when the shares were computed: those that make room for others are drained only then. */
function isStanding({ lastStepMs }: State, each: AgentInstance): boolean {
  if (standing.has(each.state)) return true;
  return each.state === "draining" && each.sinceMs === lastStepMs &&
    (each.reason === "idle" || each.reason === "fair-share");
}

function weightOf({ settings }: State, { by, weights }: FairShare, sharer: string): number {
  if (by === "profile") return settings.profiles.find(({ name }) => name === sharer)?.weight ?? 1;
  return weights[sharer === "" ? "-" : sharer] ?? 1;
}

/** If no agent is being removed, a building one of a sharer with more must be. */
function checkYielding(
  world: World,
  state: State,
  { bucket, all, sharerOf, level, isEnough }: Shares & {
    readonly bucket: Bucket;
    readonly isEnough: (each: AgentInstance) => boolean;
  },
): void {
  const isHindered = world.disk.failure !== undefined || state.session.kind !== "subscribed" ||
    state.server.info?.maintenance === "on" || state.controls.mode !== "run" || state.controls.frozen ||
    holdsTakingDown(state);
  // Agents being removed make room; and while a build of a dead agent may be hung, agents must stay in contact.
  const isMoving = all.some((each) =>
    isMakingRoom(world, each) || each.mayHoldBuild === true && each.state !== "registered"
  );
  if (isHindered || isMoving) return;
  const own = level(sharerOf(bucket), 1);
  const rich = all.find((each) =>
    each.state === "registered" && each.activity.kind === "building" && each.retire === undefined &&
    sharerOf(each) !== sharerOf(bucket) && level(sharerOf(each), -1) >= own &&
    !fits(state.demand.backlog.resourceCase, each, bucket) && isEnough(each)
  );
  demand(
    rich === undefined,
    "fair-share",
    () => `${bucket.key} waits with less than its share, and ${rich?.taskId} of another goes on after its build`,
  );
}
