// Texts for why a launch is held back, which is decided in demand/gates.ts.

import type { LaunchGate } from "../demand/reason.ts";
import type { Failure } from "../life/causes.ts";
import type { StderrTail } from "../life/sandbox.ts";
import type { ProfileBreaker } from "../state.ts";
import { failureText, suspicionText } from "./causes.ts";
import { registrationProblemText } from "./names.ts";
import { counted, formatDuration, nextTryText, profileKey } from "./phrases.ts";
import { stderrClause } from "./sandbox.ts";

/** The error of launches, and the last output of the container. */
export function failureAndStderr(
  { failure, stderr }: { readonly failure: Failure; readonly stderr?: StderrTail | undefined },
): string {
  return [failureText(failure), stderrClause(stderr) ?? ""].filter((part) => part !== "").join("; ");
}

/** `81.5 of 100 (scaling.cpu-hours-per-day), per day in UTC`. */
export function cpuHoursText(
  { usedHours, limitHours, timeZone }: { usedHours: number; limitHours: number; timeZone: string },
): string {
  return `${amount(usedHours)} of ${amount(limitHours)} (scaling.cpu-hours-per-day), per day in ${timeZone}`;
}

/** Most of them are used. */
export function cpuHoursLowText(use: Parameters<typeof cpuHoursText>[0]): string {
  return `most cpu-hours of the day are used: ${cpuHoursText(use)}`;
}

/** With at most two decimals. */
function amount(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/**
 * The same without the error of a failing profile, which is shown once with the profile instead of with each job that
 * waits for it. `undefined`: the reason has no such error.
 */
export function briefGateText(gate: LaunchGate): string | undefined {
  return "failures" in gate ? failuresText(gate, "") : undefined;
}

type FailingGate = LaunchGate & { readonly kind: "held-breaker" | "held-probe" };

function failuresText(gate: FailingGate, why: string): string {
  if (gate.kind === "held-probe") return `${gate.failures} launches failed in a row${why}; one is tried first`;
  return `${lastFailed(gate.failures)}${why}; ${nextTryText(gate.retryMs)}`;
}

function lastFailed(failures: number): string {
  return `the last ${failures < 2 ? "launch" : `${failures} launches`} failed`;
}

/** Whether a failing profile is tried again: not while it is held or nothing needs it. */
export type Retry = "held" | "unneeded" | "due";

const retries: Readonly<Record<Retry, string>> = {
  held: "not retried while launching is held by the operator",
  unneeded: "not retried, as no waiting job needs it",
  due: "no agent has registered since",
};

/** The failures of a profile whose launches are held by the operator, beside that; brief: without the error. */
export function heldFailuresText(breaker: ProfileFailures): { readonly whole: string; readonly brief: string } {
  return { whole: retriedText(breaker, "due"), brief: `${lastFailed(breaker.failures)}; ${retries.due}` };
}

/** The failures of a profile. */
export type ProfileFailures = Pick<ProfileBreaker, "failures" | "lastFailure" | "stderr">;

/** A profile with failures that is not paused, but has not recovered. */
export function retriedText({ failures, lastFailure: failure, stderr }: ProfileFailures, retry: Retry): string {
  return `${lastFailed(failures)} (${failureAndStderr({ failure, stderr })}); ${retries[retry]}`;
}

/** Why a needed agent is not launched now; empty for `go`. */
export function gateText(gate: LaunchGate): string {
  switch (gate.kind) {
    case "go":
      return "";
    case "held-attempts":
      return `seen in ${
        counted(gate.polls, "poll")
      } in a row, launched after more than ${gate.attempts} (poller.attempts)`;
    case "held-limit": {
      const key = gate.profile === undefined ? "scaling" : profileKey(gate.profile);
      const left = gate.allowed > 0 ? `, so only ${gate.allowed} now` : "";
      const shared = gate.sharedBy === undefined ? "" : `, shared by ${gate.sharedBy} (scaling.fair-share)`;
      return `limit reached: ${key}.max-agents = ${gate.limit}${shared}${left}`;
    }
    case "held-breaker":
    case "held-probe":
      return failuresText(gate, ` (${failureAndStderr(gate)})`);
    case "held-frozen":
      return gate.profile === undefined
        ? "launching is frozen by the operator"
        : `launching of profile ${gate.profile} is frozen by the operator`;
    case "held-mode":
      return gate.mode === "drain" ? "draining: nothing is launched" : "tearing down: nothing is launched";
    case "held-stale":
      return `no successful poll of the GoCD server for ${
        formatDuration(gate.forMs)
      }: launching and draining are paused`;
    case "held-maintenance":
      return `the GoCD server is in ${gate.mode}: no agent could register`;
    case "held-restarted":
      return "the GoCD server has just restarted and its agents are not back yet";
    case "held-brake":
      return `${suspicionText(gate.suspicion).text}; nothing is launched until they are back`;
    case "held-rate":
      return `this GoCD server saves its configuration at each registration: at most ${gate.perMinute} launches a minute`;
    case "held-pace":
      return `limit reached: ${gate.key} = ${gate.limit}`;
    case "held-cpu-hours":
      return `the cpu-hours of the day are used up: ${cpuHoursText(gate)}; launching resumes at midnight`;
    case "held-share":
      return `limit reached: scaling.max-cpu-share = ${gate.share}, agents have ${amount(gate.usedCpus)} of ` +
        `${amount(gate.clusterCpus)} cpus seen in Mesos`;
    case "held-invalid":
      return registrationProblemText(gate.problem);
    case "held-no-session":
      return `not subscribed to Mesos: ${gate.why ?? "connecting"}`;
  }
}
