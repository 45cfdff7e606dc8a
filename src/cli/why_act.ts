// What an operator can do about one waiting job, where its reason does not say so itself. Not here: the reason
// (core/words/reason.ts).

import { offerlessHint } from "../core/placement/roles.ts";
import type { JobVerdict } from "../core/demand/verdict.ts";

const patience = "nothing, it goes on by itself";

/** By code of the reason; a reason that is not here names the act itself, or needs none. */
const acts: Readonly<Record<string, (job: JobVerdict) => string>> = {
  "elastic": () => "nothing here; if it waits for long, look for the agents of the plugin in GoCD",
  "ignored": () => "nothing; if it should be served, take the pattern out of poller.ignore",
  "resourceless-ignored": () => 'give the job a resource, or set poller.resourceless-jobs = "serve"',
  "idle-agent": () => patience,
  "agent-coming": () => patience,
  "enabling-again": () => patience,
  "maintenance": () => "end the mode in GoCD (Admin > Server Maintenance Mode)",
  "held-attempts": () => `${patience}; a lower poller.attempts makes it faster`,
  "held-limit": () => "raise the limit if the cluster has room, or wait until an agent falls idle",
  "held-rate": () => `${patience}; scaling.slow-server-launches-per-minute is the limit`,
  "held-breaker": checkProfile,
  "held-probe": checkProfile,
  "held-frozen": () => "gocd-mesos resume framework.conf, when agents are to be launched again",
  "held-mode": ({ reason }) =>
    /tearing down/.test(reason)
      ? "wait for its end, then start gocd-mesos anew"
      : "gocd-mesos resume framework.conf, when agents are to be launched again",
  "left-before": () => "look for an elastic profile, a removed pipeline, or messages of GoCD",
  "held-brake": () =>
    "see that go-server.url and mesos.master lead to the right servers; if those agents are really lost: " +
    "gocd-mesos accept-loss framework.conf",
  "held-restarted": () => "nothing, it ends after 2 min at most",
  "held-no-session": () => "nothing while it is tried again; if it lasts, look at the Mesos masters",
  "held-invalid": () => "rename the resource or the environment in GoCD",
  "no-fitting-offer": ({ profile }) => `ask for less in ${keyOf(profile)} (cpus, mem, disk), or give the cluster more`,
  "no-offer": () => offerlessHint,
  "launching": () => "nothing, unless it lasts: then the cluster has no room for the role of the profile",
};

/** By code of a remark: agents of other people that could have done it. */
const remarkActs: Readonly<Record<string, string>> = {
  "agents-disabled": "enable those agents in GoCD, if they should build",
  "agents-lost": "look at the machines of those agents",
  "agents-missing": "look at the machines of those agents",
  "agents-pending": "enable those agents in GoCD, if they should build",
  "agent-environment-unknown": "correct the environments of that agent in GoCD",
  "agent-in-no-environment": "put that agent into the environment in GoCD, if it should build there",
};

/** The next act, in one line; nothing where the reason has it. */
export function nextActOn(job: JobVerdict): string | undefined {
  const act = acts[job.reasonCode]?.(job);
  // Those of a restarted server are only about to come back.
  const isSoon = job.reasonCode === "held-restarted";
  const others = isSoon ? [] : (job.remarks ?? []).flatMap(({ code }) => remarkActs[code] ?? []);
  const all = [...others, ...(act === undefined ? [] : [act])];
  return all.length === 0 ? undefined : all.join("; or ");
}

function checkProfile({ profile }: JobVerdict): string {
  return `check the image and the settings of ${
    keyOf(profile)
  }; once mended, gocd-mesos resume framework.conf tries at once`;
}

function keyOf(profile: string | undefined): string {
  return profile === undefined || profile === "default" ? "go-agent" : `profiles.${profile}`;
}
