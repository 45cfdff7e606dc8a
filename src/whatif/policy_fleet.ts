// A published policy in the world of a replay: one run of it for each profile, with the limits of the settings.

import type { AgentProfile, Settings } from "../core/settings.ts";
import type { Policy, PolicyRun, SeenAgent } from "./policies/policy.ts";
import { type JobClass, registrationFor } from "./shapes.ts";
import type { Container, Job, World } from "./world.ts";

/** Starts a policy; it acts on its own as time passes. */
export function startPolicy(world: World, policy: Policy, { profiles, scaling }: Settings): void {
  for (const profile of profiles) {
    const pool: Pool = {
      world,
      policy,
      profile,
      classes: world.classes.all.filter((each) => each.profile?.name === profile.name),
      run: policy.start(),
      max: Math.min(scaling.maxAgents, profile.maxAgents ?? Infinity),
      maxOfAll: scaling.maxAgents,
    };
    // Each runs at a different offset, because in reality they are not synchronized.
    world.plan(Math.floor(world.random() * policy.everyMs), () => look(pool));
  }
}

interface Pool {
  readonly world: World;
  readonly policy: Policy;
  readonly profile: AgentProfile;
  readonly classes: readonly JobClass[];
  readonly run: PolicyRun;
  readonly max: number;
  readonly maxOfAll: number;
}

function look(pool: Pool): void {
  const { world, policy, run, max } = pool;
  const mine = world.containersOf(pool.profile);
  const waiting = waitingFor(pool);
  const decision = run({
    nowMs: world.nowMs,
    waiting: world.isDown ? undefined : waiting,
    agents: mine.flatMap(seenAgent),
    max,
  });
  for (const id of decision.end) {
    const container = mine.find((each) => each.id === id);
    if (container !== undefined) world.end(container);
  }
  launch(pool, decision.launch, waiting);
  world.plan(world.nowMs + policy.everyMs, () => look(pool));
}

function waitingFor({ world, classes: [first, ...more] }: Pool): readonly Job[] {
  if (first === undefined) return [];
  if (more.length === 0) return world.waitingOf(first);
  return [first, ...more].flatMap((each) => world.waitingOf(each)).sort((a, b) => a.index - b.index);
}

function seenAgent({ id, phase, sinceMs }: Container): readonly SeenAgent[] {
  return phase === "ended" ? [] : [{ id, phase, sinceMs }];
}

function launch({ world, profile, policy, max, maxOfAll }: Pool, count: number, waiting: readonly Job[]): void {
  const own = world.containersOf(profile).length;
  const allowed = Math.min(count, max - own, maxOfAll - world.liveCount);
  for (let launched = 0; launched < allowed; launched++) {
    const host = world.hostFor(profile);
    if (host === undefined) return;
    const job = waiting[launched] ?? waiting[0];
    const registration = registrationFor(profile, job?.class);
    world.launch({ profile, registration, host, isSingleUse: policy.isSingleUse });
  }
}
