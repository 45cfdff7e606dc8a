// The short text of each reason, and what an operator can do about a waiting job, unless the reason already says so
// (reasons.ts).

import type { Reason, ReasonCode, Remark } from "../demand/reason.ts";
import type { JobVerdict } from "../demand/verdict.ts";
import type { Failure } from "../life/causes.ts";
import type { PlacementMiss } from "../placement/reason.ts";
import { failureHint } from "./causes.ts";
import { profileKey } from "./phrases.ts";

const patience = "nothing, this continues automatically";

/**
 * What to do if Mesos offers nothing. Masters of 1.8 and 1.11 and later support size and constraint filters, and do not
 * offer what does not fit.
 */
export const offerlessHint: string =
  "check in Mesos that its quota is not used up, and that a host which meets the constraints " +
  "of the profile has enough unreserved resources free";

/** What to do if a limit holds launches back. */
export const limitHint = "raise the limit if the cluster has room, or wait until an agent is idle";

/** What to do if the cpu-hours of the day are used up, or soon will be. */
export const cpuHoursHint =
  "raise scaling.cpu-hours-per-day if today's builds cannot wait, or lower cpus of the profiles";

/** What to do about agents that Mesos has lost contact with. */
export const unreachableHint = "look at the host, and at the network between it and the Mesos master";

const resumeHint = "use Resume on the status page, or `gocd-mesos resume framework.conf`";

const elsewhereHint = "look for an elastic profile, a removed pipeline, or messages from GoCD";

/** What is told about a reason in addition to its sentence. */
interface ReasonWords<K extends ReasonCode> {
  /** After a number of jobs: `held by a limit`. */
  readonly short: string;
  /** The next step; `key`: the place of the profile in the configuration. Empty: the reason itself says it. */
  readonly act: (reason: Extract<Reason, { readonly kind: K }>, key: string) => string;
}

const reasonWords: { readonly [K in ReasonCode]: ReasonWords<K> } = {
  "run-on-all": { short: "not ours", act: () => "" },
  "elastic": {
    short: "not ours",
    act: () => "nothing here; if it waits for long, check the agents of the plugin in GoCD",
  },
  "needs-unknown": {
    short: "not ours",
    act: ({ why }) =>
      why === "unconfigured"
        ? "cancel its stage, or run it again so that its jobs match the configuration"
        : "let the account of go-server read the configuration of the pipeline and of its template (administrator of GoCD, or " +
          "of the pipeline's group)",
  },
  "ignored": { short: "not ours", act: () => "nothing; if it should be served, remove the pattern from poller.ignore" },
  "resourceless-ignored": {
    short: "not ours",
    act: () => 'give the job a resource, or set poller.resourceless-jobs = "serve"',
  },
  "no-profile": { short: "not served by any profile", act: () => "" },
  "no-profile-resources": { short: "not served by any profile", act: () => "" },
  "no-profile-environment": { short: "not served by any profile", act: () => "" },
  "no-profile-group": { short: "not served by any profile", act: () => "" },
  "idle-agent": { short: "for idle agents", act: () => patience },
  "agent-coming": { short: "for agents that are starting", act: () => patience },
  "enabling-again": { short: "for agents that are enabled again", act: () => patience },
  "maintenance": {
    short: "held by maintenance of GoCD",
    act: () => "end the mode in GoCD (Admin > Server Maintenance Mode)",
  },
  "idle-unused": { short: "not assigned to idle agents", act: () => "" },
  "left-before": { short: "not assigned to idle agents", act: () => elsewhereHint },
  "zombie": { short: "forgotten by GoCD", act: () => "" },
  "held-attempts": {
    short: "not seen for long enough yet",
    act: () => `${patience}; a lower poller.attempts makes it faster`,
  },
  "held-limit": { short: "held by a limit", act: () => limitHint },
  "held-rate": {
    short: "held by the rate of launches",
    act: () => `${patience}; scaling.slow-server-launches-per-minute is the limit`,
  },
  "held-pace": { short: "held by the rate of launches", act: ({ key }) => `${patience}; ${key} is the limit` },
  "held-cpu-hours": { short: "held because the cpu-hours of the day are used up", act: () => cpuHoursHint },
  "held-share": { short: "held by a limit", act: () => "raise scaling.max-cpu-share, or wait until an agent is idle" },
  "held-breaker": { short: "held by failing launches", act: checkProfile },
  "held-probe": { short: "held by failing launches", act: checkProfile },
  "held-frozen": { short: "held by a freeze", act: () => resumeHint },
  "held-mode": {
    short: "held by a drain or teardown",
    act: ({ mode }) => mode === "teardown" ? "wait until it ends, then start gocd-mesos again" : resumeHint,
  },
  "held-stale": { short: "held because GoCD cannot be read", act: () => "" },
  "held-maintenance": { short: "held by maintenance of GoCD", act: () => "" },
  "held-brake": {
    short: "held by the brake",
    act: () =>
      "check that go-server.url and mesos-master point to the right servers; if those agents are really lost: " +
      "`gocd-mesos accept-loss framework.conf`",
  },
  "held-restarted": { short: "held after a restart of GoCD", act: () => "nothing, it ends within 2 min" },
  "held-no-session": {
    short: "held because Mesos is not connected",
    act: ({ hint = "nothing, the connection is retried; if it lasts, check the Mesos masters" }) => hint,
  },
  "held-invalid": {
    short: "held by a name that GoCD does not accept",
    act: () => "rename the resource or the environment in GoCD",
  },
  "no-fitting-offer": { short: "without a fitting offer", act: ({ miss }, key) => missHint(miss, key) },
  "no-offer": { short: "without any offer from Mesos", act: () => offerlessHint },
  "launching": {
    short: "to be launched with the next offer",
    act: () => "nothing, unless it lasts: then the cluster has no room for the role of the profile",
  },
};

/** The short text for the code of a reason; absent: there is no such code. */
export function fateText(code: string): string | undefined {
  return Object.hasOwn(reasonWords, code) ? reasonWords[code as ReasonCode].short : undefined;
}

/** What to do about foreign agents that could have taken the job; empty: nothing. */
const remarkActs: Readonly<Record<Remark["kind"], string>> = {
  "agents-disabled": "enable those agents in GoCD, if they should build",
  "agents-lost": "check the machines of those agents",
  "agents-missing": "check the machines of those agents",
  "agents-pending": "enable those agents in GoCD, if they should build",
  "agent-environment-unknown": "correct the environments of that agent in GoCD",
  "agent-in-no-environment": "put that agent into the environment in GoCD, if it should build there",
  "agent-in-environment": "",
  "gocd-job-unassigned": "",
};

/** The next step, in one line; absent: the reason has it. */
export function nextAct(
  { reason, profile, remarks = [] }: Pick<JobVerdict, "reason" | "profile" | "remarks">,
): string | undefined {
  // Agents of a restarted server will come back soon.
  const told = reason.kind === "held-restarted" ? [] : remarks;
  // The table maps each kind to the function for that kind, which the compiler cannot infer through the union.
  const act = reasonWords[reason.kind].act as (reason: Reason, key: string) => string;
  const all = [...told.map(({ kind }) => remarkActs[kind]), act(reason, profileKey(profile))].filter((each) =>
    each !== ""
  );
  return all.length === 0 ? undefined : all.join("; or ");
}

function checkProfile({ failure }: { readonly failure: Failure }, key: string): string {
  return `${failureHint(failure, key)}; once fixed, \`gocd-mesos resume framework.conf\` retries at once`;
}

/** Based on the host that lacks the least, otherwise on the most frequent refusal; `key`: that of the profile. */
function missHint({ nearest, refused }: PlacementMiss, key: string): string {
  if (nearest !== undefined || refused === undefined) {
    return `request less in ${key} (cpus, mem, disk), or add capacity to the cluster`;
  }
  switch (refused.refusal.kind) {
    case "max-per-host":
      return `raise ${key}.max-per-host, or add hosts to the cluster`;
    case "constraint":
      return `correct ${key}.constraints, or add hosts that meet them`;
    case "other-role":
      return `reserve resources for the role of ${key}, or choose another role`;
    case "maintenance":
      return "wait until the maintenance of those hosts is over, or lower scaling.maintenance-lead";
    case "avoided-host":
      return "correct what has failed on those hosts, or wait: they are tried again automatically";
    case "accept-full":
      return patience;
  }
}
