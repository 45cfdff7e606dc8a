// Derives the current problems from the state. Their texts are in words/problems.ts.

import { isWaiting } from "../instance.ts";
import { environmentFindings } from "../demand/environments.ts";
import { globalGate } from "../demand/gates.ts";
import { keptIdle } from "../demand/kept_idle.ts";
import { verdictTraits } from "../demand/verdict.ts";
import type { LaunchGate } from "../demand/reason.ts";
import { lacksOf } from "../demand/lacks.ts";
import type { Finding } from "../event.ts";
import { cpuHoursOf, warnedShare } from "../life/cpu_hours.ts";
import { keyFindings } from "../identity/register_key.ts";
import { failuresOfProfile, launchHosts } from "../life/failure_window.ts";
import { writesFailing } from "../session/write_failure.ts";
import type { ProfileBreaker, State } from "../state.ts";
import { briefGateText, gateText, heldFailuresText, retriedText } from "../words/gates.ts";
import {
  agentsUnreachable,
  brakeOn,
  cpuHoursShort,
  jobsHeldByLimit,
  jobsHeldByShare,
  jobsUnserved,
  launchesHeld,
  type LimitGate,
  moreUnserved,
  profileFailing,
  writesRefused,
  writesRefusedCode,
} from "../words/problems.ts";
import { foldFindings } from "./findings.ts";
import { gocdHealth, mesosHealth } from "./health.ts";

/** Why a profile may not launch now, e.g. an open breaker with its last error; absent: it may launch. */
export function blockedText(state: State, profile: string, atMs: number): string | undefined {
  const gate = openBreaker(state, profile, atMs);
  return gate === undefined ? heldFailures(state, profile, atMs)?.whole : gateText(gate);
}

/** The same without that error. */
export function briefBlockedText(state: State, profile: string, atMs: number): string | undefined {
  const gate = openBreaker(state, profile, atMs);
  return gate === undefined ? heldFailures(state, profile, atMs)?.brief : briefGateText(gate);
}

/** A profile that fails, and is held by the operator: after a resume it would fail again. */
export function heldBreaker(state: State, profile: string, atMs: number): ProfileBreaker | undefined {
  return isHeldByOperator(state, profile) ? failingBreaker(state, profile, atMs) : undefined;
}

function heldFailures(state: State, profile: string, atMs: number): ReturnType<typeof heldFailuresText> | undefined {
  const breaker = heldBreaker(state, profile, atMs);
  return breaker === undefined ? undefined : heldFailuresText(breaker);
}

/** Whether nothing of a profile is launched, whatever else is so, until the operator resumes. */
function isHeldByOperator({ controls }: State, profile: string): boolean {
  return controls.frozen || controls.mode !== "run" || controls.frozenProfiles.includes(profile);
}

function openBreaker(state: State, profile: string, atMs: number): LaunchGate | undefined {
  const breaker = state.breakers.profiles.get(profile);
  return breaker !== undefined && !isHeldByOperator(state, profile) && breaker.failures > 0 && breaker.retryMs > atMs
    ? { kind: "held-breaker", ...breaker, failure: breaker.lastFailure }
    : undefined;
}

/** Maximum number of individually reported lacks, in descending order of jobs. */
const lacksMax = 10;

function unservedProblems({ demand, settings }: State): readonly Finding[] {
  const lacks = lacksOf(demand.jobs, settings.profiles);
  const rest = lacks.slice(lacksMax);
  const told = lacks.slice(0, lacksMax).map((lack) => jobsUnserved(lack));
  return rest.length === 0 ? told : [...told, moreUnserved(rest)];
}

/** Each limit with the number of jobs that it holds back. */
export function heldByLimits(
  { demand }: Pick<State, "demand">,
): readonly { readonly gate: LimitGate; readonly count: number }[] {
  const held = new Map<string | undefined, { readonly gate: LimitGate; readonly count: number }>();
  for (const { gate, needsAgent, wanted } of demand.buckets) {
    if (gate.kind !== "held-limit") continue;
    const before = held.get(gate.profile)?.count ?? 0;
    held.set(gate.profile, { gate, count: before + needsAgent - wanted });
  }
  return [...held.values()];
}

/** Launches that policies hold back, or will soon. */
function policyProblems(state: State, atMs: number): readonly Finding[] {
  const use = cpuHoursOf(state, atMs);
  const shareHeld = state.demand.jobs.flatMap(({ reason }) => reason.kind === "held-share" ? [reason] : []);
  return [
    ...use === undefined || use.usedHours < use.limitHours * warnedShare ? [] : [cpuHoursShort(use)],
    ...shareHeld[0] === undefined ? [] : [jobsHeldByShare(shareHeld[0], shareHeld.length)],
  ];
}

/**
 * A profile of which no agent has registered since its last failure. One that nothing needs any more is reported for
 * another while: the next job may come soon, and a retry is no end.
 */
function failingBreaker(state: State, name: string, atMs: number): ProfileBreaker | undefined {
  const breaker = state.breakers.profiles.get(name);
  if (breaker === undefined) return undefined;
  return isNeeded(state, name) || atMs - breaker.lastFailureMs < unneededMs ? breaker : undefined;
}

function failingProfiles(state: State, atMs: number): readonly Finding[] {
  return state.settings.profiles.flatMap(({ name }) => {
    const breaker = failingBreaker(state, name, atMs);
    if (breaker === undefined) return [];
    const { lastFailure: failure, stderr, sinceMs } = breaker;
    const isUnneeded = !isNeeded(state, name);
    const isHeld = isHeldByOperator(state, name);
    const why = (isUnneeded || isHeld ? undefined : blockedText(state, name, atMs)) ??
      retriedText(breaker, isHeld ? "held" : isUnneeded ? "unneeded" : "due");
    const failing = {
      why,
      failure,
      recent: failuresOfProfile(state, name, atMs),
      tried: launchHosts(state, name, atMs),
      stderr,
    };
    return [{ ...profileFailing(name, failing), sinceMs }];
  });
}

/**
 * For how long after its last failure a profile that nothing needs is reported; the longest pause between two attempts.
 */
const unneededMs = 600_000;

/** Whether agents of a profile are launched, or would be if nothing held them back. */
function isNeeded(state: State, profile: string): boolean {
  return state.demand.jobs.some((job) => job.profile === profile && verdictTraits[job.verdict].needsProfile) ||
    state.canaries.has(profile) || keptIdle(state).some((pool) => pool.profile.name === profile) ||
    state.instances.values().some((each) => each.profile === profile && isWaiting(each));
}

/** Agents of hosts that Mesos has lost contact with. One that it has lost, and GoCD has not, may be well. */
function unreachableProblems({ instances }: State): readonly Finding[] {
  const unreachable = [...instances.values()].flatMap((each) =>
    each.state === "unreachable" && each.lost === undefined ? [each] : []
  );
  if (unreachable.length === 0) return [];
  const hosts = [...new Set(unreachable.map(({ host }) => host))];
  const sinceMs = Math.min(...unreachable.map((each) => each.sinceMs));
  return [{ ...agentsUnreachable(unreachable.length, hosts), sinceMs }];
}

/** The current problems, worst first; with their start, if the state contains it. */
export function problemsNow(state: State, atMs: number): readonly Finding[] {
  const gocd = gocdHealth(state, atMs);
  const problems: Finding[] = [gocd, mesosHealth(state, atMs)]
    .flatMap((health) => "problem" in health ? [{ ...health.problem, sinceMs: health.sinceMs }] : []);
  const isTold = (wanted: string): boolean => problems.some(({ code }) => code === wanted);
  const failure = writesFailing(state, atMs);
  if (failure !== undefined && !isTold(writesRefusedCode)) {
    problems.push({ ...writesRefused(failure, atMs), sinceMs: failure.sinceMs });
  }
  for (const suspicion of [state.brake.gocd, state.brake.mesos]) {
    if (suspicion !== undefined) problems.push({ ...brakeOn(suspicion, atMs), sinceMs: suspicion.sinceMs });
  }
  const gate = globalGate(state, atMs);
  // The response to the first poll of a run is pending and not overdue: nothing is wrong yet.
  const isAwaited = gate.kind === "held-stale" && gocd.state === "unknown";
  if (gate.kind !== "go" && !isAwaited && !isTold(gate.kind)) problems.push(launchesHeld(gate));
  problems.push(...unreachableProblems(state));
  problems.push(...failingProfiles(state, atMs));
  problems.push(...unservedProblems(state));
  problems.push(...heldByLimits(state).map(({ gate, count }) => jobsHeldByLimit(gate, count)));
  problems.push(...policyProblems(state, atMs));
  return [
    ...problems,
    ...keyFindings(state),
    ...environmentFindings(state),
    ...foldFindings(state.server.findings, state.demand.backlog.foreign),
  ];
}
