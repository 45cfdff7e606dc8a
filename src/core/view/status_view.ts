// Derives the status view from the state, so that page, metrics and log cannot disagree with the decisions.

import { keptIdle } from "../demand/kept_idle.ts";
import { keptText } from "../words/upkeep.ts";
import { activityWord } from "../life/activity.ts";
import { avoidedHosts } from "../placement/failing_hosts.ts";
import { countsToLimit, unpolledMs } from "../demand/gates.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { makePlan } from "../demand/plan.ts";
import { environmentOf, matchingEnvironments } from "../demand/matching.ts";
import { groupOfJob, keyWithGroup, wantsGroups } from "../demand/pipeline_groups.ts";
import { failuresByHost, failuresOfProfile, launchHosts } from "../life/failure_window.ts";
import { uuidOf } from "../life/phase.ts";
import type { AgentProfile } from "../settings.ts";
import { gocdHealth, gocdSilentMs, mesosHealth } from "./health.ts";
import { sinceOf, stateOf } from "./life.ts";
import { outlooksOf } from "./outlook.ts";
import { breakerView } from "./breakers.ts";
import { usedLimits } from "./limits.ts";
import { blockedText, briefBlockedText, heldBreaker, heldByLimits, problemsNow } from "./problems_now.ts";
import type { ProfileBreaker, State } from "../state.ts";
import type { JobVerdict } from "../demand/verdict.ts";
import { nextAct } from "../words/acts.ts";
import { failureHint } from "../words/causes.ts";
import { heldFailuresText } from "../words/gates.ts";
import { profileKey } from "../words/phrases.ts";
import { chosenByText } from "../words/profile_choice.ts";
import { type InstanceOutlook, instanceText } from "../words/instances.ts";
import { asOfText } from "../words/problems.ts";
import { avoidedText, missText } from "../words/placement.ts";
import {
  briefBucketText,
  briefVerdictText,
  bucketText,
  remarkText,
  serverProblemText,
  verdictText,
} from "../words/reasons.ts";
import type {
  BucketView,
  GocdAgentView,
  InstanceView,
  JobView,
  ProfileView,
  StatusView,
  UnplacedView,
} from "./view.ts";

/**
 * A consistent view of the current state. A plan that is outdated, e.g. after launches or a command, is renewed here,
 * so that demand and agents show the same state.
 */
export function statusView(latest: State, atMs: number): StatusView {
  const state = latest.demand.isStale ? { ...latest, demand: makePlan(latest, atMs, "replan").demand } : latest;
  const { session, server, framework, controls } = state;
  const instances = [...state.instances.values()];
  const builds = new Map(server.agents.map(({ uuid, buildLocator }) => [uuid, buildLocator] as const));
  const ours = new Map(instances.map((instance) => [uuidOf(instance), instance.taskId] as const));
  const limits = usedLimits(state, atMs);
  const outlookOf = outlooksOf(state);
  return {
    atMs,
    startedMs: state.startedMs,
    mesos: {
      health: mesosHealth(state, atMs),
      ...(framework.frameworkId === undefined ? {} : { frameworkId: framework.frameworkId }),
      frameworkName: state.settings.frameworkName,
      session: session.kind,
      ...(session.master === undefined ? {} : { master: session.master }),
      ...(session.masterVersion === undefined ? {} : { masterVersion: session.masterVersion }),
      sinceMs: session.sinceMs,
      offers: state.demand.wanted.length > 0 ? "wanted" : "suppressed",
      ...(session.reason === undefined ? {} : { reason: session.reason }),
      ...(session.heardMs === undefined ? {} : { lastHeardMs: session.heardMs }),
    },
    gocd: {
      health: gocdHealth(state, atMs),
      ...(server.info === undefined ? {} : { version: server.info.version }),
      maintenance: server.info?.maintenance ?? "unknown",
      ...(server.lastPollMs === undefined ? {} : { lastPollMs: server.lastPollMs }),
      nextPollMs: server.nextPollMs,
      stale: unpolledMs(state, atMs) > state.settings.poller.staleAfterMs,
    },
    mode: controls.mode,
    frozen: controls.frozen,
    jobs: jobsNow(state, atMs),
    demand: bucketViews(state),
    leftUntaken: Object.fromEntries(state.demand.untaken.counts),
    instances: instances.map((instance) => instanceView(instance, builds, outlookOf(instance))),
    gocdAgents: server.agents.map((gocdAgent) => gocdAgentView(gocdAgent, ours.get(gocdAgent.uuid))),
    profiles: profileViews(state, atMs),
    maxAgents: state.settings.scaling.maxAgents,
    ...(limits.length === 0 ? {} : { usedLimits: limits }),
    heldByLimits: heldByLimits(state).map(({ gate: { profile }, count }) => ({
      ...(profile === undefined ? {} : { profile }),
      jobs: count,
    })),
    avoidedHosts: [...avoidedHosts(state.breakers.hosts, atMs)].map(([host, avoided]) => ({
      host,
      untilMs: atMs + avoided.forMs,
      ...(avoided.profile === undefined ? {} : { profile: avoided.profile }),
      reason: avoidedText(avoided),
    })),
    failingHosts: [...failuresByHost(state, atMs)].map(([host, failures]) => ({ host, ...failures })),
    unplaced: unplacedViews(state, atMs),
    problems: problemsNow(state, atMs),
  };
}

/** Verdicts are from the last successful poll: while the server cannot be read, they are marked as such. */
function jobsNow(state: State, atMs: number): readonly JobView[] {
  const { readFailure, lastPollMs } = state.server;
  const jobs = state.demand.jobs.map((job) => withFailures(jobView(job), heldBreakerOf(state, job, atMs)));
  const isRead = readFailure === undefined && gocdSilentMs(state) === undefined;
  if (isRead || lastPollMs === undefined) return jobs;
  const why = serverProblemText(readFailure?.problem);
  const asOf = (reason: string): string => asOfText(reason, atMs - lastPollMs, why);
  return jobs.map((job) =>
    job.reasonCode === "held-stale"
      ? job
      : { ...job, reason: asOf(job.reason), ...(job.brief === undefined ? {} : { brief: asOf(job.brief) }) }
  );
}

/** What a freeze or a drain of the operator hides: the launches of its profile fail, and would again. */
function heldBreakerOf(state: State, { reason, profile }: JobVerdict, atMs: number): ProfileBreaker | undefined {
  const isHeld = reason.kind === "held-frozen" || reason.kind === "held-mode";
  return isHeld && profile !== undefined ? heldBreaker(state, profile, atMs) : undefined;
}

function withFailures(job: JobView, breaker: ProfileBreaker | undefined): JobView {
  if (breaker === undefined) return job;
  const { whole, brief } = heldFailuresText(breaker);
  const hint = failureHint(breaker.lastFailure, profileKey(job.profile));
  return {
    ...job,
    reason: `${job.reason}; ${whole}`,
    brief: `${job.reason}; ${brief}`,
    nextAct: [hint, job.nextAct].filter((each) => each !== undefined).join("; then "),
  };
}

/** A verdict in words. */
export function jobView(job: JobVerdict): JobView {
  const { reason, remarks, chosenBy, ...rest } = job;
  const act = nextAct(job);
  const brief = briefVerdictText(job);
  return {
    ...rest,
    reason: verdictText(job),
    ...(brief === undefined ? {} : { brief }),
    reasonCode: reason.kind,
    ...(chosenBy === undefined ? {} : { profileReason: chosenByText(chosenBy) }),
    ...(act === undefined ? {} : { nextAct: act }),
    ...(remarks === undefined
      ? {}
      : { remarks: remarks.map((remark) => ({ code: remark.kind, text: remarkText(remark) })) }),
  };
}

function bucketViews({ demand, settings, server }: State): readonly BucketView[] {
  const isByGroup = wantsGroups(settings);
  const keyOf = (key: string, locator: string): string =>
    isByGroup ? keyWithGroup(key, groupOfJob(server.pipelineGroups, locator)) : key;
  const oldest = new Map<string, { readonly oldestMs: number }>();
  for (const [locator, { bucketKey, firstSeenMs }] of demand.seen) {
    const key = keyOf(bucketKey, locator);
    oldest.set(key, { oldestMs: Math.min(firstSeenMs, oldest.get(key)?.oldestMs ?? Infinity) });
  }
  return demand.buckets.map((bucket) => {
    const { gate: _, remarks: __, unserved: ___, ...rest } = bucket;
    const brief = briefBucketText(bucket);
    return {
      ...rest,
      reason: bucketText(bucket),
      ...(brief === undefined ? {} : { brief }),
      ...oldest.get(bucket.key),
    };
  });
}

/** Maximum age of offers that are shown. */
const unplacedMs = 10 * 60_000;

function unplacedViews({ offers }: State, atMs: number): readonly UnplacedView[] {
  return [...offers.nearestMiss].filter(([, miss]) => atMs - miss.atMs < unplacedMs)
    .map(([profile, { sinceMs, atMs: lastMs, miss }]) => ({ profile, sinceMs, lastMs, reason: missText(miss) }));
}

/** A GocdAgent with its category. */
export function gocdAgentView(gocdAgent: GocdAgent, taskId?: string): GocdAgentView {
  return {
    uuid: gocdAgent.uuid,
    hostname: gocdAgent.hostname,
    configState: gocdAgent.configState,
    agentState: gocdAgent.agentState,
    buildState: gocdAgent.buildState,
    gocdResources: gocdAgent.gocdResources,
    environments: matchingEnvironments(gocdAgent),
    elastic: gocdAgent.elastic,
    state: countsAs(gocdAgent),
    ...(taskId === undefined ? {} : { taskId }),
  };
}

function countsAs(gocdAgent: GocdAgent): string {
  if (gocdAgent.elastic) return "elastic";
  if (gocdAgent.configState === "Pending") return "pending";
  const word = activityWord(gocdAgent);
  if (word === "building") return "building";
  if (gocdAgent.configState === "Disabled") return "disabled";
  if (gocdAgent.configState !== "Enabled") return "unknown";
  if (word === "idle") return "idle";
  if (word === "LostContact") return "lost";
  return word === "Missing" ? "missing" : "unknown";
}

function instanceView(
  instance: AgentInstance,
  builds: ReadonlyMap<string | undefined, string | undefined>,
  outlook: InstanceOutlook,
): InstanceView {
  const uuid = uuidOf(instance);
  // A lost agent keeps its last assigned job.
  const buildLocator = stateOf(instance) === "building" ? builds.get(uuid) : undefined;
  return {
    taskId: instance.taskId,
    profile: instance.profile,
    ...environmentOf(instance),
    gocdResources: instance.gocdResources,
    state: stateOf(instance),
    detail: instanceText(instance, outlook),
    host: instance.host,
    mesosAgentId: instance.mesosAgentId,
    ...(uuid === undefined ? {} : { uuid }),
    ...(instance.bucketKey?.startsWith("canary ") === true ? { canary: true as const } : {}),
    ...(instance.retire === "operator" ? { drainRequested: true as const } : {}),
    ...(buildLocator === undefined ? {} : { buildLocator }),
    createdMs: instance.createdMs,
    sinceMs: sinceOf(instance),
  };
}

function profileViews(state: State, atMs: number): readonly ProfileView[] {
  const kept = new Map<string, string[]>();
  for (const pool of keptIdle(state)) {
    const { name } = pool.profile;
    kept.set(name, [...kept.get(name) ?? [], keptText(pool)]);
  }
  return state.settings.profiles.map((profile) => {
    const texts = kept.get(profile.name);
    return { ...profileView(state, profile, atMs), ...(texts === undefined ? {} : { kept: texts }) };
  });
}

function profileView(state: State, { name, container, maxAgents }: AgentProfile, atMs: number): ProfileView {
  const own = [...state.instances.values()].filter((instance) => instance.profile === name);
  const count = (test: (instance: AgentInstance) => boolean): number => own.filter(test).length;
  const breaker = state.breakers.profiles.get(name);
  const blocked = blockedText(state, name, atMs);
  const brief = briefBlockedText(state, name, atMs);
  const slowed = breakerView(state, name, atMs);
  const tried = launchHosts(state, name, atMs);
  return {
    name,
    image: container.image,
    alive: count((instance) => countsToLimit(instance.state)),
    starting: count(isWaiting),
    idle: count((instance) => instance.state === "registered" && instance.activity.kind === "idle"),
    building: count((instance) => instance.state === "registered" && instance.activity.kind === "building"),
    draining: count((instance) => instance.state === "draining" || instance.state === "killing"),
    ...(maxAgents === undefined ? {} : { maxAgents }),
    frozen: state.controls.frozenProfiles.includes(name),
    failures: breaker?.failures ?? 0,
    ...(blocked === undefined ? {} : { blocked }),
    ...(brief === undefined ? {} : { brief }),
    ...(slowed === undefined ? {} : { breaker: slowed }),
    recentFailures: failuresOfProfile(state, name, atMs),
    ...(tried === undefined ? {} : { launchHosts: tried }),
  };
}
