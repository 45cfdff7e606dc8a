// Derives the current problems from the state. Their texts are in words/problems.ts.

import { environmentFindings } from "../demand/environments.ts";
import { globalGate } from "../demand/gates.ts";
import { keptIdle } from "../demand/kept_idle.ts";
import type { VerdictKind } from "../demand/verdict.ts";
import type { LaunchGate } from "../demand/reason.ts";
import { lacksOf } from "../demand/lacks.ts";
import type { Finding } from "../event.ts";
import { cpuHoursOf, warnedShare } from "../life/cpu_hours.ts";
import { keyFindings } from "../identity/register_key.ts";
import { failuresOfProfile } from "../life/failure_window.ts";
import { writesFailing } from "../session/write_failure.ts";
import type { State } from "../state.ts";
import { briefGateText, gateText, retriedText } from "../words/gates.ts";
import {
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
  return gate === undefined ? undefined : gateText(gate);
}

/** The same without that error. */
export function briefBlockedText(state: State, profile: string, atMs: number): string | undefined {
  const gate = openBreaker(state, profile, atMs);
  return gate === undefined ? undefined : briefGateText(gate);
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
 * Profiles of which no agent has registered since their last failure. One that nothing needs any more is reported for
 * another while: the next job may come soon, and a retry is no end.
 */
function failingProfiles(state: State, atMs: number): readonly Finding[] {
  return state.settings.profiles.flatMap(({ name }) => {
    const breaker = state.breakers.profiles.get(name);
    if (breaker === undefined) return [];
    const { lastFailure: failure, lastFailureMs, stderr, sinceMs } = breaker;
    const isUnneeded = !isNeeded(state, name);
    if (isUnneeded && atMs - lastFailureMs >= unneededMs) return [];
    const isHeld = isHeldByOperator(state, name);
    const why = (isUnneeded ? undefined : blockedText(state, name, atMs)) ??
      retriedText(breaker, isHeld ? "held" : isUnneeded ? "unneeded" : "due");
    const failing = { why, failure, recent: failuresOfProfile(state, name, atMs), stderr };
    return [{ ...profileFailing(name, failing), sinceMs }];
  });
}

/**
 * For how long after its last failure a profile that nothing needs is reported; the longest pause between two attempts.
 */
const unneededMs = 600_000;

const needing: ReadonlySet<VerdictKind> = new Set(["needs-agent", "coming"]);

/** Whether agents of a profile are launched, or would be if nothing held them back. */
function isNeeded(state: State, profile: string): boolean {
  return state.demand.jobs.some((job) => job.profile === profile && needing.has(job.verdict)) ||
    state.canaries.has(profile) || keptIdle(state).some((pool) => pool.profile.name === profile) ||
    state.instances.values().some((each) =>
      each.profile === profile && (each.state === "launching" || each.state === "starting")
    );
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
