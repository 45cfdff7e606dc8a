// Derives the picture for people from the state, so that page, metrics and log cannot disagree with the decisions.

import { activityWord } from "../life/activity.ts";
import { environmentFindings } from "../demand/environments.ts";
import type { Finding } from "../event.ts";
import { avoidedHosts } from "../placement/failing_hosts.ts";
import { foldFindings } from "./findings.ts";
import { countsToLimit, globalGate, unpolledMs } from "../demand/gates.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import { lacksOf } from "../demand/lacks.ts";
import { matchingEnvironments } from "../demand/matching.ts";
import { uuidOf } from "../life/phase.ts";
import { profileOf } from "../profile_of.ts";
import { keyFindings } from "../identity/register_key.ts";
import { writesFailing } from "../session/write_failure.ts";
import { gocdHealth, gocdSilentMs, mesosHealth } from "./health.ts";
import type { State } from "../state.ts";
import type { BucketDemand, JobVerdict } from "../demand/verdict.ts";
import { nextAct } from "../words/acts.ts";
import { instanceText } from "../words/instances.ts";
import {
  asOfText,
  brakeOn,
  jobsHeldByLimit,
  jobsUnserved,
  launchesHeld,
  type LimitGate,
  moreUnserved,
  profileFailing,
  writesRefused,
  writesRefusedCode,
} from "../words/problems.ts";
import { gateText } from "../words/gates.ts";
import { avoidedText } from "../words/placement.ts";
import { bucketText, remarkText, serverProblemText, verdictText } from "../words/reasons.ts";
import type { BucketView, GocdAgentView, InstanceView, JobView, ProfileView, StatusView } from "./view.ts";

/** One consistent picture of the moment. */
export function statusView(state: State, atMs: number): StatusView {
  const { session, server, framework, controls } = state;
  const instances = [...state.instances.values()];
  const ours = new Map(instances.flatMap((instance) => {
    const uuid = uuidOf(instance);
    return uuid === undefined ? [] : [[uuid, instance.taskId] as const];
  }));
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
    demand: state.demand.buckets.map((bucket) => bucketView(bucket, atMs)),
    leftUntaken: Object.fromEntries(state.demand.untaken.counts),
    instances: instances.map((instance) => instanceView(instance, atMs)),
    gocdAgents: server.agents.map((gocdAgent) => gocdAgentView(gocdAgent, ours.get(gocdAgent.uuid))),
    profiles: state.settings.profiles.map((profile) => profileView(state, profile.name, atMs)),
    maxAgents: state.settings.scaling.maxAgents,
    avoidedHosts: [...avoidedHosts(state.breakers.hosts, atMs)].map(([host, avoided]) => ({
      host,
      untilMs: state.breakers.hosts.get(host)?.avoid?.untilMs ?? atMs,
      reason: avoidedText(avoided),
    })),
    problems: problemsOf(state, atMs),
  };
}

/** Verdicts are of the last good poll: while the server cannot be read, they say so. */
function jobsNow(state: State, atMs: number): readonly JobView[] {
  const { problem, lastPollMs } = state.server;
  const jobs = state.demand.jobs.map((job) => jobView(job, atMs));
  const isRead = problem === undefined && gocdSilentMs(state) === undefined;
  if (isRead || lastPollMs === undefined) return jobs;
  const why = serverProblemText(problem ?? { code: "", kind: "unreachable" });
  return jobs.map((job) =>
    job.reasonCode === "held-stale" ? job : { ...job, reason: asOfText(job.reason, atMs - lastPollMs, why) }
  );
}

/** A verdict in words. */
export function jobView(job: JobVerdict, atMs: number): JobView {
  const { reason, remarks, ...rest } = job;
  const act = nextAct(job);
  return {
    ...rest,
    reason: verdictText(job, atMs),
    reasonCode: reason.kind,
    ...(act === undefined ? {} : { nextAct: act }),
    ...(remarks === undefined
      ? {}
      : { remarks: remarks.map((remark) => ({ code: remark.kind, text: remarkText(remark) })) }),
  };
}

function bucketView(bucket: BucketDemand, atMs: number): BucketView {
  const { gate: _, remarks: __, unserved: ___, ...rest } = bucket;
  return { ...rest, reason: bucketText(bucket, atMs) };
}

/** A GocdAgent with what it counts as. */
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

function instanceView(instance: AgentInstance, atMs: number): InstanceView {
  const uuid = uuidOf(instance);
  return {
    taskId: instance.taskId,
    profile: instance.profile,
    ...(instance.environment === undefined ? {} : { environment: instance.environment }),
    gocdResources: instance.gocdResources,
    state: stateOf(instance),
    detail: instanceText(instance, atMs),
    host: instance.host,
    ...(uuid === undefined ? {} : { uuid }),
    createdMs: instance.createdMs,
    sinceMs: instance.state === "registered" ? instance.activity.sinceMs : instance.sinceMs,
  };
}

function stateOf(instance: AgentInstance): InstanceView["state"] {
  if (instance.state !== "registered") return instance.state;
  return instance.activity.kind;
}

function profileView(state: State, name: string, atMs: number): ProfileView {
  const profile = profileOf(state.settings, name);
  const own = [...state.instances.values()].filter((instance) => instance.profile === name);
  const count = (test: (instance: AgentInstance) => boolean): number => own.filter(test).length;
  const breaker = state.breakers.profiles.get(name);
  const blocked = breaker !== undefined && breaker.failures > 0 && breaker.retryMs > atMs
    ? gateText({ kind: "held-breaker", ...breaker, failure: breaker.lastFailure }, atMs)
    : undefined;
  return {
    name,
    image: profile?.container.image ?? "",
    alive: count((instance) => countsToLimit(instance.state)),
    starting: count((instance) => instance.state === "launching" || instance.state === "starting"),
    idle: count((instance) => instance.state === "registered" && instance.activity.kind === "idle"),
    building: count((instance) => instance.state === "registered" && instance.activity.kind === "building"),
    draining: count((instance) => instance.state === "draining" || instance.state === "killing"),
    ...(profile?.maxAgents === undefined ? {} : { maxAgents: profile.maxAgents }),
    frozen: state.controls.frozenProfiles.includes(name),
    failures: breaker?.failures ?? 0,
    ...(blocked === undefined ? {} : { blocked }),
  };
}

/** Lacks told one by one, those of most jobs first. */
const lacksMax = 10;

function unservedProblems({ demand, settings }: State, atMs: number): readonly Finding[] {
  const lacks = lacksOf(demand.jobs, settings.profiles);
  const rest = lacks.slice(lacksMax);
  const told = lacks.slice(0, lacksMax).map((lack) => jobsUnserved(lack, atMs));
  return rest.length === 0 ? told : [...told, moreUnserved(rest)];
}

/** One problem for each limit, with how many jobs it holds back. */
function limitProblems({ demand }: State): readonly Finding[] {
  const held = new Map<string | undefined, { readonly gate: LimitGate; readonly count: number }>();
  for (const { gate, needsAgent, wanted } of demand.buckets) {
    if (gate.kind !== "held-limit") continue;
    const before = held.get(gate.profile)?.count ?? 0;
    held.set(gate.profile, { gate, count: before + needsAgent - wanted });
  }
  return [...held.values()].map(({ gate, count }) => jobsHeldByLimit(gate, count));
}

/** What is wrong now, worst first. */
function problemsOf(state: State, atMs: number): Finding[] {
  const gocd = gocdHealth(state, atMs);
  const problems = [gocd, mesosHealth(state, atMs)].flatMap((health) => "problem" in health ? [health.problem] : []);
  const isTold = (wanted: string): boolean => problems.some(({ code }) => code === wanted);
  const failure = writesFailing(state, atMs);
  if (failure !== undefined && !isTold(writesRefusedCode)) problems.push(writesRefused(failure, atMs));
  for (const suspicion of [state.brake.gocd, state.brake.mesos]) {
    if (suspicion !== undefined) problems.push(brakeOn(suspicion, atMs));
  }
  const gate = globalGate(state, atMs);
  // The answer to the first poll of a run is awaited, and not late: nothing is wrong yet.
  const isAwaited = gate.kind === "held-stale" && gocd.state === "unknown";
  if (gate.kind !== "go" && !isAwaited && !isTold(gate.kind)) problems.push(launchesHeld(gate, atMs));
  for (const { name } of state.settings.profiles) {
    const { blocked } = profileView(state, name, atMs);
    const failure = state.breakers.profiles.get(name)?.lastFailure;
    if (blocked !== undefined && failure !== undefined) problems.push(profileFailing(name, blocked, failure));
  }
  problems.push(...unservedProblems(state, atMs), ...limitProblems(state));
  return [
    ...problems,
    ...keyFindings(state),
    ...environmentFindings(state),
    ...foldFindings(state.server.findings, state.demand.backlog.foreign),
  ];
}
