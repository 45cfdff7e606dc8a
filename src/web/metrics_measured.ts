// The metrics of measurements: durations as histograms, and totals. They are measured in runtime/steps.ts.

import type { DurationName, Measured, TotalName, TotalSeries } from "../core/view/picture.ts";
import type { StatusView } from "../core/view/view.ts";
import type { MetricFamily } from "./prometheus.ts";

interface Words {
  readonly name: string;
  readonly help: string;
}

const durationWords: Readonly<Record<DurationName, Words>> = {
  "job-wait": {
    name: "job_wait_seconds",
    help: "From when a job was first seen waiting until a poll no longer lists it, by the profile that serves it; " +
      "without those that were cancelled while no agent could take them.",
  },
  "accept-delay": {
    name: "accept_delay_seconds",
    help: "From the decision to launch an agent until an ACCEPT launches it.",
  },
  "container-start": {
    name: "container_start_seconds",
    help: "From ACCEPT until Mesos reports that the container " +
      "runs.",
  },
  registration: {
    name: "agent_registration_seconds",
    help: "From when a container runs until its agent is enabled on the GoCD server.",
  },
  "agent-idle": {
    name: "agent_idle_seconds",
    help: "How long agents were idle before they built, or were taken out of service.",
  },
  "api-call": {
    name: "api_call_duration_seconds",
    help: "How long calls to the GoCD server and the Mesos master took, failed ones included.",
  },
  "loop-lag": {
    name: "loop_lag_seconds",
    help: "How late the ticks of the program come: its loop, or its machine, is busy.",
  },
};

const totalWords: Readonly<Record<TotalName, Words>> = {
  offers: { name: "offers_total", help: "Offers by answer (accepted or declined) and reason." },
  "builds-lost": {
    name: "builds_lost_total",
    help: "Builds that ended with their agent: lost by Mesos, exited, or killed after drain-timeout.",
  },
  "agent-seconds": {
    name: "agent_seconds_total",
    help: "Time that agents were alive, by profile and activity: divide by 3600 for agent-hours.",
  },
  "api-errors": { name: "api_errors_total", help: "Calls that failed by server, call and code of the problem." },
};

const lossCauses = ["lost", "exited", "drain-timeout"] as const;
const agentStates = ["starting", "idle", "building", "draining", "unreachable"] as const;

/** Histograms and totals; a profile that nothing was measured of yet has zeros, so that rates miss no beginning. */
export function measuredFamilies({ profiles }: StatusView, { durations, totals }: Measured): readonly MetricFamily[] {
  const zeros = (label: string, values: readonly string[]): readonly TotalSeries[] =>
    profiles.flatMap(({ name }) => values.map((value) => ({ labels: { profile: name, [label]: value }, value: 0 })));
  const startAt: Readonly<Partial<Record<TotalName, readonly TotalSeries[]>>> = {
    "builds-lost": zeros("cause", lossCauses),
    "agent-seconds": zeros("state", agentStates),
  };
  return [
    ...(Object.keys(durationWords) as DurationName[]).map((key): MetricFamily => {
      const { name, help } = durationWords[key];
      return { kind: "histogram", name: `gocd_mesos_${name}`, help, series: durations[key] };
    }),
    ...(Object.keys(totalWords) as TotalName[]).map((key): MetricFamily => {
      const { name, help } = totalWords[key];
      const samples = new Map([...startAt[key] ?? [], ...totals[key] ?? []].map((each) => [keyOf(each), each]));
      return { kind: "counter", name: `gocd_mesos_${name}`, help, samples: [...samples.values()] };
    }),
  ];
}

function keyOf({ labels }: TotalSeries): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => a < b ? -1 : 1));
}
