// The metrics of the program, built from the same picture as the page.

import type { Measured, Picture, QueueDepth, WebhookFigures } from "../core/view/picture.ts";
import { failureKinds } from "../core/life/failure_window.ts";
import { healthOf } from "../core/view/health.ts";
import type { InstanceView, ServerHealth, StatusView } from "../core/view/view.ts";
import { verdictKinds } from "../core/words/verdicts.ts";
import { measuredFamilies } from "./metrics_measured.ts";
import { type MetricFamily, metricsText, type Sample } from "./prometheus.ts";

/** Beyond this many values of a label, the rest is `other`, so that no bug can flood a Prometheus server. */
export const labelValuesMax: number = 200;

const instanceStates = Object.keys(
  {
    launching: 0,
    starting: 0,
    idle: 0,
    building: 0,
    draining: 0,
    killing: 0,
    unreachable: 0,
    unsure: 0,
    gone: 0,
  } satisfies Record<InstanceView["state"], 0>,
);

/** All metrics in the text format of Prometheus; `version` is that of the program. */
export function metricsPage({ view, measured }: Picture, version: string): string {
  return metricsText([
    gauge("build_info", "Always 1; the version of the program.", [{ labels: { version }, value: 1 }]),
    number("start_timestamp_seconds", "When the program started.", view.startedMs / 1000),
    ...healthFamilies(view),
    ...mesosFamilies(view, measured),
    ...gocdFamilies(view, measured),
    gauge("waiting_jobs", "Waiting jobs by verdict and code of the reason.", waitingJobs(view)),
    gauge(
      "oldest_wait_seconds",
      "The longest that a waiting job of each verdict has waited; 0: none.",
      oldestWaits(view),
    ),
    counter(
      "jobs_left_untaken_total",
      "Jobs that left the list of the GoCD server although no agent could have taken them, by the reason for their last wait.",
      "code",
      view.leftUntaken ?? {},
    ),
    gauge("job_remarks", "Waiting jobs by remark in addition to their verdict.", jobRemarks(view)),
    gauge("wanted_agents", "Instances to be launched as soon as offers allow.", wantedAgents(view)),
    gauge("agent_instances", "Instances by profile and state.", agentInstances(view)),
    gauge("profile_blocked", "1 while a profile may not launch (circuit breaker or freeze).", blockedProfiles(view)),
    gauge(
      "profile_launch_failures",
      "Launches of a profile that have failed in a row; 0 once an agent has registered.",
      launchFailures(view),
    ),
    gauge(
      "profile_max_agents",
      "The limit of agents of a profile, if it has its own (max-agents).",
      view.profiles.slice(0, labelValuesMax)
        .flatMap(({ name, maxAgents }) =>
          maxAgents === undefined ? [] : [{ labels: { profile: name }, value: maxAgents }]
        ),
    ),
    gauge("recent_failures", "What has failed in the last hour by profile and kind.", recentFailures(view)),
    gauge("failing_hosts", "Mesos agents with a failure in the last hour by its kind.", failingHosts(view)),
    number("avoided_hosts", "Mesos agents that are currently avoided.", view.avoidedHosts.length),
    number("frozen", "1 while all launching is frozen.", view.frozen ? 1 : 0),
    gauge("mode", "1 for the current mode: run, drain or teardown.", modes(view)),
    ...leaderFamilies(view),
    gauge("problems", "Current problems by code.", byCode(view.problems.map(({ code }) => code))),
    counter("notes_total", "Decisions and observations by code.", "code", measured.notesByCode),
    ...measuredFamilies(view, measured),
    ...webhookFamilies(measured),
    ...queueFamilies(measured),
    memoryFamily(measured),
  ]);
}

const serverStates = Object.keys(
  { unknown: 0, fine: 0, failing: 0, down: 0 } satisfies Record<ServerHealth["state"], 0>,
);

function healthFamilies(view: StatusView): readonly MetricFamily[] {
  const { isHealthy, live, ready } = healthOf(view);
  const servers = [["gocd", view.gocd.health], ["mesos", view.mesos.health]] as const;
  return [
    number("healthy", "1 while /health answers 200: the loop moves, and no server is down.", isHealthy ? 1 : 0),
    number("live", "1 while /health/live answers 200: the loop moves.", live.isSo ? 1 : 0),
    number(
      "ready",
      "1 while /health/ready answers 200: it leads, is subscribed, and polls succeed.",
      ready.isSo ? 1 : 0,
    ),
    gauge(
      "server_state",
      "1 for the current state of each server: unknown, fine, failing (since its first failed call) or down (for 5 minutes).",
      servers.flatMap(([server, health]) =>
        serverStates.map((state) => ({ labels: { server, state }, value: health.state === state ? 1 : 0 }))
      ),
    ),
    gauge(
      "server_state_since_timestamp_seconds",
      "Since when each server is fine, or has failed.",
      servers.map(([server, { sinceMs }]) => ({ labels: { server }, value: sinceMs / 1000 })),
    ),
  ];
}

function modes({ mode }: StatusView): readonly Sample[] {
  return (["run", "drain", "teardown"] as const).map((each) => ({
    labels: { mode: each },
    value: each === mode ? 1 : 0,
  }));
}

/** Only if several instances share one state. */
function leaderFamilies({ leadership }: StatusView): readonly MetricFamily[] {
  if (leadership === undefined) return [];
  const isLeader = leadership.role === "leader" ? 1 : 0;
  return [number("leader", "1 while this instance is the leader of those that share its state.", isLeader)];
}

function mesosFamilies(view: StatusView, { mesosCalls }: Measured): readonly MetricFamily[] {
  return [
    number(
      "subscribed",
      "1 while the framework is subscribed to a Mesos master.",
      view.mesos.session === "subscribed" ? 1 : 0,
    ),
    number("offers_suppressed", "1 while offers are suppressed.", view.mesos.offers === "suppressed" ? 1 : 0),
    gauge(
      "last_heartbeat_timestamp_seconds",
      "When the last data of the Mesos master arrived in this session.",
      view.mesos.lastHeardMs === undefined ? [] : [{ labels: {}, value: view.mesos.lastHeardMs / 1000 }],
    ),
    counter("mesos_calls_total", "Calls sent to the Mesos master by type.", "call", mesosCalls),
  ];
}

function gocdFamilies(view: StatusView, { pollDuration }: Measured): readonly MetricFamily[] {
  const { gocd } = view;
  const lastPoll = gocd.lastPollMs === undefined ? [] : [{ labels: {}, value: gocd.lastPollMs / 1000 }];
  return [
    number(
      "gocd_up",
      "1 while the GoCD server is fine: its last answers were good.",
      gocd.health.state === "fine" ? 1 : 0,
    ),
    number("gocd_maintenance", "1 while the GoCD server is in maintenance mode.", gocd.maintenance === "on" ? 1 : 0),
    gauge("last_poll_timestamp_seconds", "When the GoCD server was last polled successfully.", lastPoll),
    {
      kind: "histogram",
      name: "gocd_mesos_poll_duration_seconds",
      help: "How long polls of the GoCD server took.",
      series: [{ labels: {}, snapshot: pollDuration }],
    },
    gauge("gocd_agents", "Records on the GoCD server by state.", byState(view)),
  ];
}

/** Only if there are webhooks. */
function webhookFamilies({ webhooks }: Measured): readonly MetricFamily[] {
  if (webhooks === undefined) return [];
  const some = Object.entries(webhooks).slice(0, labelValuesMax);
  const samples = (value: (figures: WebhookFigures) => number): readonly Sample[] =>
    some.map(([webhook, figures]) => ({ labels: { webhook }, value: value(figures) }));
  const name = "gocd_mesos_webhook_deliveries_total";
  const help = "Tries to deliver a message to a webhook by their outcome: delivered or failed.";
  const outcomes = some.flatMap(([webhook, { delivered, failed }]) => [
    { labels: { webhook, outcome: "delivered" }, value: delivered },
    { labels: { webhook, outcome: "failed" }, value: failed },
  ]);
  const lostName = "gocd_mesos_webhook_messages_lost_total";
  const lostHelp = "Messages to a webhook that were dropped: too many, too old, or refused by the receiver.";
  return [
    { kind: "counter", name, help, samples: outcomes },
    { kind: "counter", name: lostName, help: lostHelp, samples: samples(({ lost }) => lost) },
    gauge("webhook_messages_waiting", "Messages that are not delivered yet.", samples(({ waiting }) => waiting)),
    gauge(
      "webhook_failing",
      "1 while messages to a webhook cannot be delivered.",
      samples(({ isFailing }) => isFailing ? 1 : 0),
    ),
  ];
}

function queueFamilies({ queues }: Measured): readonly MetricFamily[] {
  const samples = (value: (depth: QueueDepth) => number): readonly Sample[] =>
    Object.entries(queues).map(([queue, depth]) => ({ labels: { queue }, value: value(depth) }));
  return [
    gauge(
      "queue_depth",
      "Events waiting for the engine, and calls to the servers in flight or queued.",
      samples((d) => d.now),
    ),
    gauge("queue_depth_max", "The maximum of each queue since the start.", samples((d) => d.max)),
  ];
}

function memoryFamily({ residentBytes }: Measured): MetricFamily {
  const help = "Resident memory size in bytes.";
  const samples = [{ labels: {}, value: residentBytes }];
  return { kind: "gauge", name: "process_resident_memory_bytes", help, samples };
}

function waitingJobs(view: StatusView): readonly Sample[] {
  // Before the first successful poll nothing is known, so there is no series; zero would be wrong.
  if (view.gocd.lastPollMs === undefined) return [];
  const counts = new Map<string, Sample>();
  for (const { verdict, reasonCode } of view.jobs) {
    const key = `${verdict} ${reasonCode}`;
    const before = counts.get(key);
    if (before !== undefined) {
      counts.set(key, { ...before, value: before.value + 1 });
    } else if (counts.size < labelValuesMax) {
      counts.set(key, { labels: { verdict, code: reasonCode }, value: 1 });
    } else {
      const rest = `${verdict} other`;
      const value = (counts.get(rest)?.value ?? 0) + 1;
      counts.set(rest, { labels: { verdict, code: "other" }, value });
    }
  }
  // A verdict without jobs is reported as zero, so that sums over codes never miss it.
  const seen = new Set(view.jobs.map(({ verdict }) => verdict));
  const missing = verdictKinds.filter((verdict) => !seen.has(verdict));
  return [...counts.values(), ...missing.map((verdict) => ({ labels: { verdict, code: "none" }, value: 0 }))];
}

function oldestWaits({ atMs, gocd, jobs }: StatusView): readonly Sample[] {
  if (gocd.lastPollMs === undefined) return [];
  return verdictKinds.map((verdict) => {
    const sinceMs = jobs.reduce((min, job) => job.verdict === verdict ? Math.min(min, job.firstSeenMs) : min, atMs);
    return { labels: { verdict }, value: (atMs - sinceMs) / 1000 };
  });
}

function wantedAgents(view: StatusView): readonly Sample[] {
  const profiles = profileNames(view);
  const counts = new Map(profiles.kept.map((profile) => [profile, 0]));
  for (const { profile, wanted } of view.demand) {
    if (profile === undefined) continue;
    const label = profiles.labelOf(profile);
    counts.set(label, (counts.get(label) ?? 0) + wanted);
  }
  return [...counts].map(([profile, value]) => ({ labels: { profile }, value }));
}

function agentInstances(view: StatusView): readonly Sample[] {
  const profiles = profileNames(view);
  const counts = new Map<string, Map<string, number>>();
  const zeros = (): Map<string, number> => new Map(instanceStates.map((state) => [state, 0]));
  for (const profile of profiles.kept) counts.set(profile, zeros());
  for (const { profile, state } of view.instances) {
    const label = profiles.labelOf(profile);
    const states = counts.get(label) ?? zeros();
    const word = instanceStates.includes(state) ? state : "other";
    states.set(word, (states.get(word) ?? 0) + 1);
    counts.set(label, states);
  }
  return [...counts].flatMap(([profile, states]) =>
    [...states].map(([state, value]) => ({ labels: { profile, state }, value }))
  );
}

function blockedProfiles(view: StatusView): readonly Sample[] {
  return view.profiles.slice(0, labelValuesMax).map(({ name, blocked, frozen }) => ({
    labels: { profile: name },
    value: blocked !== undefined || frozen ? 1 : 0,
  }));
}

function launchFailures(view: StatusView): readonly Sample[] {
  return view.profiles.slice(0, labelValuesMax)
    .map(({ name, failures }) => ({ labels: { profile: name }, value: failures }));
}

function recentFailures(view: StatusView): readonly Sample[] {
  return view.profiles.slice(0, labelValuesMax).flatMap(({ name: profile, recentFailures: counts }) =>
    failureKinds.map((kind) => ({ labels: { profile, kind }, value: counts[kind] ?? 0 }))
  );
}

function failingHosts(view: StatusView): readonly Sample[] {
  return failureKinds.map((kind) => ({
    labels: { kind },
    value: view.failingHosts.filter(({ recentFailures: counts }) => counts[kind] !== undefined).length,
  }));
}

function byState(view: StatusView): readonly Sample[] {
  return countWords(view.gocdAgents.map(({ state }) => state)).map(([state, value]) => ({ labels: { state }, value }));
}

function jobRemarks(view: StatusView): readonly Sample[] {
  return byCode(view.jobs.flatMap(({ remarks = [] }) => remarks.map(({ code }) => code)));
}

function byCode(codes: readonly string[]): readonly Sample[] {
  return countWords(codes).map(([code, value]) => ({ labels: { code }, value }));
}

interface ProfileNames {
  readonly kept: readonly string[];
  labelOf(profile: string): string;
}

function profileNames(view: StatusView): ProfileNames {
  const names = new Set([...view.profiles.map(({ name }) => name), ...view.instances.map(({ profile }) => profile)]);
  const kept = new Set([...names].slice(0, labelValuesMax));
  return { kept: [...kept], labelOf: (profile) => kept.has(profile) ? profile : "other" };
}

function countWords(words: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const word of words) {
    const label = counts.has(word) || counts.size < labelValuesMax ? word : "other";
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts];
}

function number(name: string, help: string, value: number): MetricFamily {
  return gauge(name, help, [{ labels: {}, value }]);
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { kind: "gauge", name: `gocd_mesos_${name}`, help, samples };
}

function counter(name: string, help: string, label: string, counts: Readonly<Record<string, number>>): MetricFamily {
  const samples = Object.entries(counts).slice(0, labelValuesMax)
    .map(([value, count]) => ({ labels: { [label]: value }, value: count }));
  return { kind: "counter", name: `gocd_mesos_${name}`, help, samples };
}
