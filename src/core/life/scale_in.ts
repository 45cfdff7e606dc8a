// Selects the agents to drain: those to be retired, before planning, and those idle for long, after it.

import type { Assessment } from "../demand/assess.ts";
import { holdsTakingDown } from "./brake.ts";
import { isNewcomer } from "../demand/capacity.ts";
import type { Draft } from "../draft.ts";
import { isAnyHung } from "../demand/hung_build.ts";
import { type IdleReserve, reserveOf } from "../demand/kept_idle.ts";
import type { DrainReason, Registered } from "../instance.ts";
import { canTake, capabilityFor } from "../demand/matching.ts";
import { inOrderOfScaleIn } from "./expendable.ts";
import { settledMs } from "./gocd_clocks.ts";
import { beyondPeaks, type Surplus } from "../demand/peaks.ts";
import { startDrain } from "./phase.ts";
import type { Plan } from "../demand/plan.ts";
import { isReturning } from "./returned.ts";
import { heldByShare } from "../placement/cpu_share.ts";
import { profileOf } from "../profile_of.ts";
import { idleOfNoUse, makeRoom } from "../demand/room.ts";
import { yieldingAgents } from "../demand/yielding.ts";
import { agentsAsOfMs, shownForMs } from "../session/reading.ts";
import type { State } from "../state.ts";
import { profileNow } from "../demand/windows.ts";
import { isWear } from "./worn.ts";

/** Maximum number of drains started in one poll, so that an error in a list cannot empty the whole fleet at once. */
const drainsPerPollMax = 50;

/** For how much longer an idle agent stays, once it is due, if reads of the server fail again and again. */
const unsettledMsMax = 120_000;

/**
 * Disables agents that are removed regardless of demand, before a plan is made: until such an agent is disabled, it
 * takes jobs and counts as capacity; afterwards its jobs need another agent. Agents that must take no job at all are
 * disabled on the first list that shows them, the others at a poll. Returns the number of started drains.
 */
export function retireAgents(draft: Draft, occasion: "poll" | "read"): number {
  if (!mayDrain(draft)) return 0;
  let drains = 0;
  for (const instance of draft.state.instances.values()) {
    // There is nothing to disable if we have deleted its record.
    if (instance.state !== "registered" || isReturning(instance.activity)) continue;
    if (occasion === "read" && !isPrompt(instance)) continue;
    const reason = reasonToRetire(draft, instance);
    // Agents with their last job are exempt from the limit: an error in a list costs less than a second job.
    if (reason === undefined || reason !== "max-jobs" && drains >= drainsPerPollMax) continue;
    startDrain(draft, instance, reason);
    drains++;
  }
  return drains;
}

function mayDrain({ state }: Draft): boolean {
  return state.server.info?.maintenance !== "on" && state.session.kind === "subscribed" && !holdsTakingDown(state);
}

/** Whether it must not take more jobs from now on. */
function isPrompt({ retire }: Registered): boolean {
  return retire === "maintenance" || retire === "operator" || retire === "stop-sent" || isWear(retire);
}

function reasonToRetire(draft: Draft, instance: Registered): DrainReason | undefined {
  const { state } = draft;
  const { activity, retire } = instance;
  if (state.controls.mode !== "run") return "operator";
  // For maintenance or the operator the agent is removed even while it is building: it is disabled now and finishes its
  // job.
  if (retire === "maintenance" || retire === "operator" || retire === "stop-sent") return retire;
  if (isWear(retire)) return mayWornGo(draft, instance) ? retire : undefined;
  const reason = retire ?? (profileOf(state.settings, instance.profile) === undefined ? "profile-changed" : undefined);
  const isDisabled = activity.kind === "unsure" && activity.word === "Disabled";
  if (activity.kind !== "idle" && !isDisabled) return undefined;
  if (activity.kind === "idle" && !isSettled(state) && isJustDue(draft, instance)) return undefined;
  return reason === "profile-changed" && isAwaited(draft, instance) ? undefined : reason;
}

/** If reads fail again and again, an agent that has been due for long is not kept any longer. */
function isJustDue({ state: { settingsSinceMs, startedMs }, atMs }: Draft, { activity, sinceMs }: Registered): boolean {
  return atMs - Math.max(settingsSinceMs, startedMs, activity.sinceMs, sinceMs) < unsettledMsMax;
}

/**
 * A worn agent that is building is disabled immediately, so that it takes no other job. An idle one that is only old
 * first takes the job that waits for it, which the server will assign shortly, and stays until `min-idle` has its
 * replacement.
 */
function mayWornGo(draft: Draft, instance: Registered): boolean {
  const { state, atMs } = draft;
  const { activity, retire } = instance;
  if (activity.kind !== "idle") return activity.kind === "building" || activity.word === "Disabled";
  if (retire === "max-jobs") return true;
  const profile = profileOf(state.settings, instance.profile);
  if (atMs - activity.sinceMs < state.settings.poller.assignGraceMs && isUsefulNow(state, instance)) return false;
  // If its profile has changed it is removed in any case, as if it were not old.
  if (profile === undefined || profile.hash !== instance.profileHash) return true;
  const idle = [...state.instances.values()].filter((each) =>
    each.state === "registered" && each.activity.kind === "idle"
  );
  const { maxLifetimeMs = 0, registerTimeoutMs } = profile;
  const isOverdue = atMs - instance.createdMs >= maxLifetimeMs + 2 * registerTimeoutMs;
  return isOverdue || isSettled(state) && reserveOf(state, idle).spares(instance);
}

/** Whether a job is waiting that it can take. */
function isUsefulNow({ demand: { backlog } }: State, instance: Registered): boolean {
  const capability = capabilityFor(instance, backlog.resourceCase);
  return backlog.buckets.some(({ requirement }) => canTake(capability, requirement));
}

/**
 * An agent that was starting when its profile changed takes the job that it was launched for; the server needs a moment
 * to assign it.
 */
function isAwaited({ state, atMs }: Draft, instance: Registered): boolean {
  const { poller } = state.settings;
  if (instance.sinceMs <= state.settingsSinceMs || !isNewcomer(instance)) return false;
  if (atMs - instance.sinceMs >= poller.assignGraceMs) return false;
  return isUsefulNow(state, instance);
}

/**
 * Starts the drains required by a plan: of agents that have been idle for long. `begun`: number of drains started in
 * this poll so far.
 */
export function scaleIn(draft: Draft, assessment: Assessment, begun = 0): void {
  const { state } = draft;
  if (!mayDrain(draft)) return;
  const needed = assessment.buckets.filter((each) => each.willBeTaken + each.coming + each.rest > 0);
  const rule = state.demand.backlog.resourceCase;
  const registered = [...state.instances.values()].filter((each): each is Registered => each.state === "registered");
  const candidates = inOrderOfScaleIn(state, registered);
  const isIdle = ({ activity, retire }: Registered): boolean => activity.kind === "idle" && retire === undefined;
  const reserve = reserveOf(state, candidates.filter(isIdle));
  const surplus = beyondPeaks(state, draft.atMs);
  let drains = begun;
  for (const instance of candidates) {
    if (drains >= drainsPerPollMax) return;
    const isUseful = (): boolean => {
      const capability = capabilityFor(instance, rule);
      return needed.some((each) => canTake(capability, each.bucket.requirement));
    };
    const reason = reasonToDrain(draft, instance, { isUseful, reserve, surplus });
    if (reason === undefined) continue;
    if (instance.activity.kind === "idle") {
      reserve.take(instance);
      surplus.take(instance.profile);
    }
    startDrain(draft, instance, reason);
    drains++;
  }
}

/** Starts the drains of idle agents that no waiting job can use, while others are held back and need their slots. */
export function giveRoom(draft: Draft, plan: Plan, begun: number): number {
  const { state, atMs } = draft;
  if (!mayDrain(draft) || isAnyHung(state)) return 0;
  const going = makeRoom(
    state,
    {
      held: plan.held,
      idle: idleOfNoUse(state, plan.assessment),
      byShare: heldByShare(state, plan.demand.wanted, atMs),
    },
    atMs,
  );
  const now = going.slice(0, Math.max(0, drainsPerPollMax - begun));
  for (const { instance, why } of now) startDrain(draft, instance, "idle", why);
  const { assessment: { buckets }, demand: { wanted }, held } = plan;
  // The idle agents that now make room are slots that become free.
  const yielding = yieldingAgents(draft.state, { held, wanted, buckets }, atMs);
  const sharing = yielding.slice(0, Math.max(0, drainsPerPollMax - begun - now.length));
  for (const instance of sharing) startDrain(draft, instance, "fair-share");
  return now.length + sharing.length;
}

function reasonToDrain(
  { state }: Draft,
  instance: Registered,
  { isUseful, reserve, surplus }: {
    readonly isUseful: () => boolean;
    readonly reserve: IdleReserve;
    readonly surplus: Surplus;
  },
): DrainReason | undefined {
  const { activity, retire } = instance;
  const profile = profileOf(state.settings, instance.profile);
  if (retire !== undefined || profile === undefined) return undefined;
  const idleMs = shownForMs(state, activity.sinceMs);
  if (idleMs < profileNow(state, profile).idleTimeoutMs) return undefined;
  if (activity.kind === "unsure" && activity.word === "Disabled") return "surplus";
  if (activity.kind !== "idle" || !reserve.spares(instance) || !surplus.has(profile)) return undefined;
  // If every other read fails, it is drained all the same, only later.
  const isSure = isSettled(state) || idleMs >= profileNow(state, profile).idleTimeoutMs + unsettledMsMax;
  return !isSure || isAnyHung(state) || isUseful() ? undefined : "idle";
}

/**
 * Whether idle agents have asked for work again since the last failed reads. If the server has restarted, an agent that
 * shows Idle may have a job whose assignment it never received: the server reschedules that job when the agent asks for
 * work, unless it is Disabled by then (GoCD ScheduleService.rescheduleAbandonedBuildIfNecessary). If others come in its
 * place, they let the server reschedule it.
 */
function isSettled({ server }: State): boolean {
  const failedMs = server.serving?.gaps.at(-1)?.toMs ?? server.serving?.sinceMs ?? -Infinity;
  return agentsAsOfMs(server) - failedMs >= settledMs;
}
