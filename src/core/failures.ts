// Failures of profiles and hosts: backoff, circuit breaker with one probe, hosts avoided for a while. Not here: what counts
// as a failure (the lifecycle_* files). Called when an instance fails or registers.

import type { Draft } from "./draft.ts";
import type { AgentInstance } from "./instance.ts";
import { breakerFailuresMin } from "./gates.ts";
import { oneLine } from "./phase.ts";
import { formatDuration } from "./reason.ts";

/** Pause after the first failure; doubles with each further one. */
export const retryFirstMs = 10_000;
/** The longest pause between two tries of a failing profile. */
export const retryMaxMs = 600_000;
/** Failures of one host inside this window count together. */
export const hostWindowMs = 30 * 60_000;
/** So many of them, and the host is avoided. */
export const hostFailuresMax = 3;
/** For so long. */
export const hostAvoidMs = 15 * 60_000;
/** Hosts remembered at most; the oldest are forgotten first. */
const hostsMax = 2_000;

/** An instance has failed: its profile pauses, its host is remembered, its bucket need not wait for its polls again. */
export function countFailure(draft: Draft, instance: AgentInstance, error: string): void {
  const { atMs, state } = draft;
  const before = state.breakers.profiles.get(instance.profile);
  // Instances launched together fail together: that is one failure, not as many as there were agents wanted.
  const isSameWave = before !== undefined && before.failures > 0 && instance.createdMs <= before.lastFailureMs;
  const failures = isSameWave ? before.failures : (before?.failures ?? 0) + 1;
  const pauseMs = Math.min(retryFirstMs * 2 ** Math.min(failures - 1, 20), retryMaxMs) * (0.75 + 0.5 * draft.random);
  const retryMs = isSameWave ? Math.max(before.retryMs, atMs + retryFirstMs / 2) : atMs + Math.round(pauseMs);
  const lastError = oneLine(error);
  const profiles = new Map(state.breakers.profiles);
  profiles.set(instance.profile, { failures, lastFailureMs: atMs, retryMs, lastError });
  const hosts = rememberHost(draft, instance, lastError);
  draft.set({ breakers: { profiles, hosts } });
  keepStreak(draft, instance);
  if (failures === breakerFailuresMin && !isSameWave) {
    draft.note({
      level: "error",
      code: "profile-failing",
      text:
        `profile ${instance.profile}: ${failures} launches failed in a row (${lastError}); from now on one is tried ` +
        `at a time, the next in ${formatDuration(retryMs - atMs)}`,
      hint: `check the image and the settings of profile ${instance.profile}`,
      fields: { profile: instance.profile, failures },
    });
  }
}

/** A launch came to nothing because of its host alone: that is remembered, the profile is not paused. */
export function countHostFailure(draft: Draft, instance: AgentInstance, error: string): void {
  const hosts = rememberHost(draft, instance, oneLine(error));
  draft.set({ breakers: { ...draft.state.breakers, hosts } });
}

/** An instance has registered: its profile works. */
export function countSuccess(draft: Draft, instance: AgentInstance): void {
  const { breakers } = draft.state;
  const before = breakers.profiles.get(instance.profile);
  if (before !== undefined) {
    const profiles = new Map(breakers.profiles);
    profiles.delete(instance.profile);
    draft.set({ breakers: { ...draft.state.breakers, profiles } });
    if (before.failures >= breakerFailuresMin) {
      draft.note({
        level: "info",
        code: "profile-recovered",
        text: `profile ${instance.profile} works again: ${instance.taskId} has registered`,
        fields: { profile: instance.profile },
      });
    }
  }
  if (breakers.hosts.has(instance.host)) {
    const hosts = new Map(draft.state.breakers.hosts);
    hosts.delete(instance.host);
    draft.set({ breakers: { ...draft.state.breakers, hosts } });
  }
}

/** The jobs it was launched for have waited their polls already: whatever took it away, they wait no second time. */
export function keepStreak(draft: Draft, instance: AgentInstance): void {
  const { bucketKey } = instance;
  const isWaiting = draft.state.demand.backlog.buckets.some(({ key }) => key === bucketKey);
  if (bucketKey === undefined || !isWaiting) return;
  const streaks = new Map(draft.state.demand.streaks);
  const enough = draft.state.settings.poller.attempts + 1;
  streaks.set(bucketKey, Math.max(streaks.get(bucketKey) ?? 0, enough));
  draft.set({ demand: { ...draft.state.demand, streaks, isStale: true } });
}

/** Hosts to be avoided now, with the reason. */
export function avoidedHosts(
  hosts: Draft["state"]["breakers"]["hosts"],
  atMs: number,
): Map<string, string> {
  const avoided = new Map<string, string>();
  for (const [host, { avoidUntilMs, lastError }] of hosts) {
    if (avoidUntilMs !== undefined && avoidUntilMs > atMs) {
      avoided.set(host, `for ${formatDuration(avoidUntilMs - atMs)} after failures there: ${lastError}`);
    }
  }
  return avoided;
}

function rememberHost(
  draft: Draft,
  { host, createdMs }: AgentInstance,
  lastError: string,
): Draft["state"]["breakers"]["hosts"] {
  const { atMs } = draft;
  const hosts = new Map(draft.state.breakers.hosts);
  // Here, too, those launched together count once: several on one host say no more of the host than one.
  const lastMs = hosts.get(host)?.failuresMs.at(-1);
  if (lastMs !== undefined && createdMs <= lastMs) return hosts;
  const recent = (hosts.get(host)?.failuresMs ?? []).filter((failedMs) => atMs - failedMs < hostWindowMs);
  const failuresMs = [...recent, atMs].slice(-hostFailuresMax);
  const isBad = failuresMs.length >= hostFailuresMax;
  hosts.delete(host);
  hosts.set(host, { failuresMs, lastError, ...(isBad ? { avoidUntilMs: atMs + hostAvoidMs } : {}) });
  if (isBad) {
    draft.note({
      level: "warning",
      code: "host-avoided",
      text: `host ${host} is avoided for ${formatDuration(hostAvoidMs)}: ${failuresMs.length} agents failed there ` +
        `(${lastError})`,
      fields: { host },
      onceKey: host,
    });
  }
  for (const oldest of hosts.keys()) {
    if (hosts.size <= hostsMax) break;
    hosts.delete(oldest);
  }
  return hosts;
}
