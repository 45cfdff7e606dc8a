// Reasons as data, and the only place where they become words.

import type { GocdProblem } from "../event.ts";
import type { ProfileMatch } from "../demand/matching.ts";
import type { AgentProfile } from "../settings.ts";

/** Why a job waits although launching would not help. */
export type OtherCause =
  | { readonly kind: "maintenance"; readonly mode: MaintenanceMode }
  | { readonly kind: "idle-unused"; readonly host: string; readonly idleMs: number }
  | { readonly kind: "left-before"; readonly untilMs: number }
  | {
    readonly kind: "zombie";
    readonly waitedMs: number;
    readonly limitMs: number;
    readonly passedOver: number;
    readonly untilMs: number;
  };

/** What GoCD calls the mode in which it assigns nothing: drain mode in 18.12, maintenance mode since. */
export type MaintenanceMode = "maintenance mode" | "drain mode";

/** The word of a server's version. */
export function maintenanceMode(version: string | undefined): MaintenanceMode {
  return version?.startsWith("18.12") === true ? "drain mode" : "maintenance mode";
}

/** Why an agent that is needed is not launched right now, or `go`. */
export type LaunchGate =
  | { readonly kind: "go" }
  | { readonly kind: "attempts"; readonly polls: number; readonly attempts: number }
  | { readonly kind: "limit"; readonly key: string; readonly limit: number; readonly allowed: number }
  | { readonly kind: "breaker"; readonly error: string; readonly retryMs: number; readonly failures: number }
  | { readonly kind: "probe"; readonly error: string; readonly failures: number }
  | { readonly kind: "frozen"; readonly profile?: string }
  | { readonly kind: "mode"; readonly mode: "drain" | "teardown" }
  | { readonly kind: "stale"; readonly forMs: number }
  | { readonly kind: "maintenance"; readonly mode: MaintenanceMode }
  | { readonly kind: "restarted" }
  | { readonly kind: "brake"; readonly text: string }
  | { readonly kind: "rate"; readonly perMinute: number }
  | { readonly kind: "invalid"; readonly text: string }
  | { readonly kind: "no-session"; readonly reason: string };

/** `1 h 5 min`, `2 min`, `45 s`: two units at most. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** One sentence on why launching would not help. */
export function otherCauseText(cause: OtherCause, atMs: number): string {
  switch (cause.kind) {
    case "maintenance":
      return `the GoCD server is in ${cause.mode} and assigns no jobs`;
    case "idle-unused":
      return `agent ${cause.host} matches and has been idle for ${
        formatDuration(cause.idleMs)
      }, yet the server does not give it ` +
        "the job, so another agent would not help: look for an elastic profile, a removed pipeline, or messages of GoCD";
    case "left-before":
      return "an idle matching agent left it waiting before, so another agent would not help; tried again in " +
        formatDuration(cause.untilMs - atMs);
    case "zombie":
      return `has waited for ${formatDuration(cause.waitedMs)} (poller.zombie-after = ${
        formatDuration(cause.limitMs)
      }) ` +
        `while newer jobs of the same kind were taken ${cause.passedOver} times; cancel its stage if the pipeline or job ` +
        `no longer exists; tried again in ${formatDuration(cause.untilMs - atMs)}`;
    default:
      return cause satisfies never;
  }
}

/** What keeps the GoCD server from answering, as a clause; its message is another matter. */
export function serverProblemText(problem: GocdProblem): string {
  if (problem.code === "gocd-backup") return "the GoCD server makes a backup";
  switch (problem.kind) {
    case "starting":
      return "the GoCD server is starting";
    case "maintenance":
      return "the GoCD server is in maintenance mode";
    case "unreachable":
      return "the GoCD server does not answer";
    case "refused":
      return "the GoCD server refuses us";
    case "conflict":
    case "missing":
    case "unreadable":
      return "the GoCD server cannot be read";
    default:
      return problem.kind satisfies never;
  }
}

/** What a job asks for, in words: `linux, docker in environment prod`. */
export function describeNeed(gocdResources: readonly string[], environment: string | undefined): string {
  const what = gocdResources.length === 0 ? "no resources" : gocdResources.join(", ");
  return environment === undefined ? what : `${what} in environment ${environment}`;
}

/** What a bucket asks for, and the profiles that all lack something of it. */
export interface UnservedNeed {
  readonly gocdResources: readonly string[];
  readonly environment?: string;
  readonly profiles: readonly AgentProfile[];
}

/** Why no profile serves a bucket, and which key would change that. */
export function unservedText(
  need: UnservedNeed,
  nearest: { readonly profile: AgentProfile; readonly match: ProfileMatch & { readonly kind: "lacks" } } | undefined,
): string {
  if (nearest === undefined) return "no profile is configured";
  const { profile, match } = nearest;
  const key = profile.name === "default" ? "go-agent" : `profiles.${profile.name}`;
  const names = match.missingResources.map((folded) =>
    need.gocdResources.find((name) => name.toLowerCase() === folded.toLowerCase()) ?? folded
  );
  const them = names.length > 1 ? "them" : "it";
  const resources = `resource${names.length > 1 ? "s" : ""} ${names.join(", ")}`;
  const isNone = need.environment === undefined;
  const where = isNone ? "in no environment" : `in environment ${need.environment}`;
  const elsewhere = `(nearest is profile ${profile.name})`;
  if (!match.lacksEnvironment) {
    const place = isOffered(names, need.profiles) ? ` ${where}` : "";
    return `no profile has ${resources}${place}: add ${them} to ${key}.resources ${elsewhere}`;
  }
  const environmentAct = isNone ? "environments = []" : `${need.environment} to ${key}.environments`;
  if (names.length === 0) {
    const who = need.gocdResources.length === 0 ? "no profile" : `no profile with ${need.gocdResources.join(", ")}`;
    return isNone
      ? `${who} takes jobs that are in no environment: add a profile with ${environmentAct} ${elsewhere}`
      : `${who} serves environment ${need.environment}: add it to ${key}.environments ${elsewhere}`;
  }
  return isNone
    ? `no profile has ${resources} ${where}: add a profile with ${them} and ${environmentAct} ${elsewhere}`
    : `no profile has ${resources} ${where}: add ${them} to ${key}.resources and ${environmentAct} ${elsewhere}`;
}

/** Whether some profile has these resources, only not where they are asked for. */
function isOffered(names: readonly string[], profiles: readonly AgentProfile[]): boolean {
  return profiles.some(({ gocdResources }) =>
    gocdResources === "*" || names.every((name) => gocdResources.includes(name))
  );
}

/** Why a needed agent is not launched now; empty for `go`. */
export function gateText(gate: LaunchGate, atMs: number): string {
  switch (gate.kind) {
    case "go":
      return "";
    case "attempts":
      return `seen in ${gate.polls} poll${
        gate.polls === 1 ? "" : "s"
      } in a row, launched after more than ${gate.attempts} (poller.attempts)`;
    case "limit":
      return `limit reached: ${gate.key} = ${gate.limit}${gate.allowed > 0 ? `, so only ${gate.allowed} now` : ""}`;
    case "breaker":
      return `the last ${gate.failures === 1 ? "launch" : `${gate.failures} launches`} failed (${gate.error}); ` +
        `tried again in ${formatDuration(gate.retryMs - atMs)}`;
    case "probe":
      return `${gate.failures} launches failed in a row (${gate.error}); one is tried first`;
    case "frozen":
      return gate.profile === undefined
        ? "launching is frozen by the operator"
        : `launching of profile ${gate.profile} is frozen by the operator`;
    case "mode":
      return gate.mode === "drain" ? "draining: nothing is launched" : "tearing down: nothing is launched";
    case "stale":
      return `no good poll of the GoCD server for ${formatDuration(gate.forMs)}: everything holds`;
    case "maintenance":
      return `the GoCD server is in ${gate.mode}: no agent could register`;
    case "restarted":
      return "the GoCD server has just restarted and its agents are not back yet";
    case "brake":
      return `${gate.text}; nothing is launched until they are back`;
    case "rate":
      return `this GoCD server saves its configuration at each registration: at most ${gate.perMinute} launches a minute`;
    case "invalid":
      return gate.text;
    case "no-session":
      return `not subscribed to Mesos: ${gate.reason}`;
    default:
      return gate satisfies never;
  }
}
