// The laws of fair shares (`scaling.fair-share`): where a limit of all agents binds, nobody is launched for who has more for
// its weight, and who has less than others would have without one of theirs does not wait until they are idle.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { FairShare } from "../../src/core/settings.ts";
import type { State } from "../../src/core/state.ts";
import { shownGroup } from "./invariants_groups.ts";
import { fits } from "./invariants_launch.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

type Bucket = State["demand"]["buckets"][number];

/** After a poll. */
export function checkShares(world: World, { state }: Frame): void {
  const { fairShare } = state.settings.scaling;
  const held = state.demand.buckets.filter(({ gate, needsAgent, wanted }) =>
    gate.kind === "held-limit" && gate.profile === undefined && needsAgent > wanted
  );
  if (fairShare === undefined || held.length === 0) return;
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
  for (const bucket of state.demand.buckets) add(sharerOf(bucket), bucket.wanted);
  const level = (sharer: string, more: number): number =>
    ((uses.get(sharer) ?? 0) + more) / weightOf(state, fairShare, sharer);
  for (const bucket of held) {
    const own = level(sharerOf(bucket), 0);
    const favoured = state.demand.buckets.find((each) =>
      each.wanted > 0 && sharerOf(each) !== sharerOf(bucket) && level(sharerOf(each), -1) > own + 1e-9
    );
    demand(
      favoured === undefined,
      "fair-share",
      () => `${favoured?.key} gets agents before ${bucket.key}, which has less for its weight`,
    );
    checkYielding(world, state, { bucket, all, sharerOf, level });
  }
}

/** What tells as whom a bucket or an agent counts. */
type Sharing = Partial<Pick<Bucket, "profile" | "environment" | "pipelineGroup">> & {
  readonly bucketKey?: string;
  readonly uuid?: string;
  readonly activity?: { readonly kind: string };
};

/** Of whose job an agent builds, as far as it was shown, else of whose jobs it was launched for. */
function groupOf(world: World, { pipelineGroup, bucketKey, uuid, activity }: Sharing): string {
  if (pipelineGroup !== undefined) return pipelineGroup.toLowerCase();
  const isBuilding = activity?.kind === "building";
  const locator = isBuilding ? world.watch.groups.builds.get(uuid ?? "") : undefined;
  const built = locator === undefined ? "" : shownGroup(world, locator);
  return built === "" ? /;group (.*)$/.exec(bucketKey ?? "")?.[1] ?? "" : built;
}

const standing: ReadonlySet<string> = new Set(["launching", "starting", "registered"]);

/** Who was there when the shares were worked out: those that make room for others are drained only then. */
function isStanding({ lastStepMs }: State, each: AgentInstance): boolean {
  if (standing.has(each.state)) return true;
  return each.state === "draining" && each.sinceMs === lastStepMs &&
    (each.reason === "idle" || each.reason === "fair-share");
}

function weightOf({ settings }: State, { by, weights }: FairShare, sharer: string): number {
  if (by === "profile") return settings.profiles.find(({ name }) => name === sharer)?.weight ?? 1;
  return weights[sharer === "" ? "-" : sharer] ?? 1;
}

/** While nobody leaves, somebody who has more and builds must be on the way out. */
function checkYielding(
  world: World,
  state: State,
  { bucket, all, sharerOf, level }: {
    readonly bucket: Bucket;
    readonly all: readonly AgentInstance[];
    readonly sharerOf: (each: Sharing) => string;
    readonly level: (sharer: string, more: number) => number;
  },
): void {
  const isHindered = world.disk.failure !== undefined || state.session.kind !== "subscribed" ||
    state.server.info?.maintenance === "on" || state.controls.mode !== "run" || state.controls.frozen ||
    holdsTakingDown(state);
  // Those that leave make room; and while a build of the dead may hang, agents must stay in contact.
  const isMoving = all.some((each) =>
    each.state === "draining" || each.state === "killing" || each.mayHoldBuild === true && each.state !== "registered"
  );
  if (isHindered || isMoving) return;
  const own = level(sharerOf(bucket), 1);
  const rich = all.find((each) =>
    each.state === "registered" && each.activity.kind === "building" && each.retire === undefined &&
    sharerOf(each) !== sharerOf(bucket) && level(sharerOf(each), -1) >= own &&
    !fits(state.demand.backlog.resourceCase, each, bucket)
  );
  demand(
    rich === undefined,
    "fair-share",
    () => `${bucket.key} waits with less than its share, and ${rich?.taskId} of another goes on after its build`,
  );
}
