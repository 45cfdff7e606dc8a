// The laws of fair shares (`scaling.fair-share`): where a limit of all agents binds, nobody is launched for who has more for
// its weight, and who has less than others would have without one of theirs does not wait until they are idle.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { FairShare } from "../../src/core/settings.ts";
import type { State } from "../../src/core/state.ts";
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
  const sharerOf = (each: { readonly profile?: string; readonly environment?: string }): string =>
    fairShare.by === "profile" ? each.profile ?? "" : (each.environment ?? "").toLowerCase();
  const uses = new Map<string, number>();
  const add = (sharer: string, count: number): void => void uses.set(sharer, (uses.get(sharer) ?? 0) + count);
  const all = [...state.instances.values()];
  for (const each of all) {
    if (standing.has(each.state)) add(sharerOf(each), 1);
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

const standing: ReadonlySet<string> = new Set(["launching", "starting", "registered"]);

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
    readonly sharerOf: (each: { readonly profile?: string; readonly environment?: string }) => string;
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
