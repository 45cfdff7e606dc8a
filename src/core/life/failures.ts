// Failures of profiles: backoff, and a circuit breaker with a single probe.

import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import { afterSuccess, rememberFailure, withoutFailuresOf } from "../placement/failing_hosts.ts";
import { breakerFailuresMin } from "../demand/gates.ts";
import { keyWithoutGroup } from "../demand/pipeline_groups.ts";
import type { Failure } from "./causes.ts";
import { countInWindow, failureKind } from "./failure_window.ts";
import { askForStderr } from "./sandbox.ts";

/** Pause after the first failure; doubles with each further one. */
const retryFirstMs = 10_000;
/** The longest pause between two attempts of a failing profile. */
const retryMaxMs = 600_000;

/**
 * An instance has failed: its profile pauses, its host is remembered, its bucket does not have to wait for its polls
 * again.
 */
export function countFailure(draft: Draft, instance: AgentInstance, failure: Failure): void {
  countInWindow(draft, instance, { kind: failureKind(failure, instance), of: "profile" });
  const { atMs, state } = draft;
  const before = state.breakers.profiles.get(instance.profile);
  // Instances launched together fail together: that is one failure, not one per agent.
  const isSameWave = before !== undefined && before.failures > 0 && instance.createdMs <= before.lastFailureMs;
  const failures = isSameWave ? before.failures : (before?.failures ?? 0) + 1;
  const pauseMs = Math.min(retryFirstMs * 2 ** (failures - 1), retryMaxMs) * (0.75 + 0.5 * draft.random);
  const retryMs = isSameWave ? Math.max(before.retryMs, atMs + retryFirstMs / 2) : atMs + Math.round(pauseMs);
  const profiles = new Map(state.breakers.profiles);
  const sinceMs = before?.sinceMs ?? atMs;
  const stderr = isSameWave ? before.stderr : undefined;
  profiles.set(instance.profile, {
    failures,
    sinceMs,
    lastFailureMs: atMs,
    retryMs,
    lastFailure: failure,
    ...(stderr === undefined ? {} : { stderr }),
  });
  // The output of one container of a wave is enough.
  if (!isSameWave) askForStderr(draft, instance, failure);
  const hosts = rememberFailure(draft, { ...instance, failure });
  draft.set({ breakers: { profiles, hosts } });
  waivePollWait(draft, instance);
  if (failures === breakerFailuresMin && !isSameWave) {
    draft.note({
      kind: "profile-failing",
      profile: instance.profile,
      failures,
      failure,
      retryInMs: retryMs - atMs,
    });
  }
}

/** A launch failed only because of its host: this is remembered, the profile is not paused. */
export function countHostFailure(draft: Draft, instance: AgentInstance, failure: Failure): void {
  const { host, createdMs } = instance;
  countInWindow(draft, instance, { kind: failureKind(failure, instance), of: "host" });
  const hosts = rememberFailure(draft, { host, createdMs, failure });
  draft.patch("breakers", { hosts });
}

/**
 * Its host is gone, or Mesos has lost it: not a failure of the profile, but people want to know which hosts lose
 * agents.
 */
export function countLoss(draft: Draft, instance: AgentInstance): void {
  countInWindow(draft, instance, { kind: "lost-host", of: "profile" });
}

/** An instance has registered: its profile works. */
export function countSuccess(draft: Draft, instance: AgentInstance): void {
  const { breakers } = draft.state;
  const before = breakers.profiles.get(instance.profile);
  if (before !== undefined) {
    const profiles = new Map(breakers.profiles);
    profiles.delete(instance.profile);
    draft.patch("breakers", { profiles });
    if (before.failures >= breakerFailuresMin) {
      draft.note({ kind: "profile-recovered", taskId: instance.taskId, profile: instance.profile });
    }
  }
  const hosts = afterSuccess(breakers.hosts, instance);
  if (hosts !== breakers.hosts) draft.patch("breakers", { hosts });
}

/**
 * Tries these profiles again because the operator resumes: nothing holds them back, but until an agent of them registers
 * it is still known since when they fail.
 */
export function retryFailed(draft: Draft, isMeant: (profile: string) => boolean): void {
  const { profiles } = draft.state.breakers;
  const names = new Set([...profiles.keys()].filter(isMeant));
  forgetFailures(draft, names);
  const retried = [...profiles].map(([name, breaker]) =>
    [name, names.has(name) ? { ...breaker, failures: 0, retryMs: draft.atMs } : breaker] as const
  );
  draft.patch("breakers", { profiles: new Map(retried) });
}

/** Clears the failures of these profiles because they have been fixed. */
export function forgetFailures(draft: Draft, profileNames: ReadonlySet<string>): void {
  const { breakers } = draft.state;
  const profiles = new Map([...breakers.profiles].filter(([name]) => !profileNames.has(name)));
  draft.set({ breakers: { profiles, hosts: withoutFailuresOf(breakers.hosts, profileNames) } });
}

/** A launch that failed before a container was running causes no load: it does not count for the limit per minute. */
export function giveBackLaunch(draft: Draft, { createdMs }: AgentInstance): void {
  const { offers } = draft.state;
  const at = offers.launchTimesMs.indexOf(createdMs);
  if (at >= 0) draft.patch("offers", { launchTimesMs: offers.launchTimesMs.toSpliced(at, 1) });
}

/** The jobs that it was launched for have already waited for their polls: however it ended, they do not wait again. */
export function waivePollWait(draft: Draft, instance: AgentInstance): void {
  const { bucketKey } = instance;
  const { demand: { backlog }, server: { lastPollMs } } = draft.state;
  // Before the first poll of a run the backlog is not known; that poll removes jobs that no longer wait.
  const kind = bucketKey === undefined ? undefined : keyWithoutGroup(bucketKey);
  const mayWait = lastPollMs === undefined || backlog.buckets.some(({ key }) => key === kind);
  if (bucketKey === undefined || !mayWait) return;
  const streaks = new Map(draft.state.demand.streaks);
  const enough = draft.state.settings.poller.attempts + 1;
  streaks.set(bucketKey, Math.max(streaks.get(bucketKey) ?? 0, enough));
  draft.patch("demand", { streaks, isStale: true });
}
