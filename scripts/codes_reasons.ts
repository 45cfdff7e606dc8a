// An example of each reason for waiting, and of each remark, for docs/operations.md: the core's words produce its
// sentence and its next step.

import type { Reason, ReasonCode, Remark } from "../src/core/demand/reason.ts";
import type { VerdictKind } from "../src/core/demand/verdict.ts";
import { aFailure, minute } from "./codes_facts.ts";

/** A time to come. */
const anHourMs = Date.UTC(2026, 10, 23, 13);

/** One example of a reason. */
export interface ReasonExample<K extends ReasonCode> {
  /** The verdict that it explains. */
  readonly verdict: VerdictKind;
  /** Its facts. */
  readonly of: Extract<Reason, { readonly kind: K }>;
  /** The next step, if neither the sentence nor the words have one. */
  readonly act?: string;
}

const readLine = "see the sentence";

/** An example of each reason. */
export const reasonExamples: { readonly [K in ReasonCode]: ReasonExample<K> } = {
  "no-profile": {
    verdict: "unserved",
    of: { kind: "no-profile" },
    act: "configure a profile, or a docker-image in `go-agent`",
  },
  "no-profile-resources": {
    verdict: "unserved",
    of: {
      kind: "no-profile-resources",
      nearest: "linux",
      missing: ["gpu"],
      lacksEnvironment: false,
      isElsewhere: false,
    },
    act: readLine,
  },
  "no-profile-environment": {
    verdict: "unserved",
    of: { kind: "no-profile-environment", nearest: "linux" },
    act: readLine,
  },
  "no-profile-group": {
    verdict: "unserved",
    of: { kind: "no-profile-group", nearest: "linux", pipelineGroup: "mobile" },
    act: readLine,
  },
  "idle-agent": { verdict: "will-be-taken", of: { kind: "idle-agent", names: ["build-3"] } },
  "agent-coming": { verdict: "coming", of: { kind: "agent-coming", names: ["gocd-k3x9ab-linux-7"] } },
  "enabling-again": { verdict: "needs-agent", of: { kind: "enabling-again" } },
  "launching": { verdict: "needs-agent", of: { kind: "launching" } },
  "no-fitting-offer": {
    verdict: "needs-agent",
    of: {
      kind: "no-fitting-offer",
      miss: {
        nearest: {
          hostname: "host1",
          shortfalls: [{ name: "mem", needed: 2_048_000, offered: 1_792_000 }],
          tasksPlaced: 0,
          holdsLabelled: false,
        },
      },
    },
  },
  "no-offer": { verdict: "needs-agent", of: { kind: "no-offer", role: "ci" } },
  "held-attempts": { verdict: "needs-agent", of: { kind: "held-attempts", polls: 2, attempts: 5 } },
  "held-limit": { verdict: "needs-agent", of: { kind: "held-limit", limit: 50, allowed: 0 } },
  "held-rate": { verdict: "needs-agent", of: { kind: "held-rate", perMinute: 10 } },
  "held-pace": { verdict: "needs-agent", of: { kind: "held-pace", key: "scaling.launches-per-minute", limit: 30 } },
  "held-cpu-hours": {
    verdict: "needs-agent",
    of: { kind: "held-cpu-hours", usedHours: 100.02, limitHours: 100, timeZone: "UTC" },
  },
  "held-share": {
    verdict: "needs-agent",
    of: { kind: "held-share", share: 0.5, usedCpus: 64, clusterCpus: 128 },
  },
  "held-breaker": {
    verdict: "needs-agent",
    of: { kind: "held-breaker", failure: aFailure, failures: 3, retryMs: anHourMs },
  },
  "held-probe": { verdict: "needs-agent", of: { kind: "held-probe", failure: aFailure, failures: 3 } },
  "held-frozen": { verdict: "needs-agent", of: { kind: "held-frozen" } },
  "held-mode": { verdict: "needs-agent", of: { kind: "held-mode", mode: "drain" } },
  "held-stale": {
    verdict: "needs-agent",
    of: { kind: "held-stale", forMs: 11 * minute },
    act: "correct what prevents the GoCD server from being read: its problem is shown beside it and in the log",
  },
  "held-maintenance": {
    verdict: "needs-agent",
    of: { kind: "held-maintenance", mode: "maintenance mode" },
    act: "end the mode in GoCD (Admin > Server Maintenance Mode)",
  },
  "held-brake": {
    verdict: "needs-agent",
    of: {
      kind: "held-brake",
      suspicion: { kind: "gocd-unlisted", sinceMs: 0, missing: 7, of: 9, isOlder: false },
    },
  },
  "held-restarted": { verdict: "needs-agent", of: { kind: "held-restarted" } },
  "held-no-session": {
    verdict: "needs-agent",
    of: { kind: "held-no-session", why: "Mesos master http://mesos-master:5050: the connection was refused" },
  },
  "held-invalid": {
    verdict: "needs-agent",
    of: { kind: "held-invalid", problem: { what: "resource", name: "a,b", flaw: "characters" } },
  },
  "maintenance": { verdict: "other-cause", of: { kind: "maintenance", mode: "maintenance mode" } },
  "idle-unused": {
    verdict: "other-cause",
    of: { kind: "idle-unused", host: "build-3", idleMs: 5 * minute },
    act: readLine,
  },
  "left-before": { verdict: "other-cause", of: { kind: "left-before", untilMs: anHourMs } },
  "zombie": {
    verdict: "other-cause",
    of: { kind: "zombie", waitedMs: 40 * minute, limitMs: 15 * minute, passedOver: 6, untilMs: anHourMs },
    act: readLine,
  },
  "run-on-all": { verdict: "not-ours", of: { kind: "run-on-all" }, act: readLine },
  "elastic": { verdict: "not-ours", of: { kind: "elastic", elasticProfile: "k8s-small" } },
  "needs-unknown": {
    verdict: "not-ours",
    of: { kind: "needs-unknown", why: "unread", cause: "the account may not read pipeline site" },
  },
  "ignored": { verdict: "not-ours", of: { kind: "ignored", pattern: "nightly-*" } },
  "resourceless-ignored": { verdict: "not-ours", of: { kind: "resourceless-ignored" } },
};

/** An example of each remark. */
export const remarkExamples: Readonly<Record<Remark["kind"], Remark>> = {
  "agents-disabled": { kind: "agents-disabled", counts: [{ kind: "agents-disabled", count: 1 }] },
  "agents-lost": {
    kind: "agents-lost",
    counts: [{ kind: "agents-lost", count: 2 }, { kind: "agents-disabled", count: 1 }],
  },
  "agents-missing": { kind: "agents-missing", counts: [{ kind: "agents-missing", count: 1 }] },
  "agents-pending": { kind: "agents-pending", counts: [{ kind: "agents-pending", count: 1 }] },
  "agent-environment-unknown": { kind: "agent-environment-unknown", host: "build-3", environments: ["stagin"] },
  "agent-in-no-environment": { kind: "agent-in-no-environment", host: "build-3" },
  "agent-in-environment": { kind: "agent-in-environment", host: "build-3", environments: ["prod"] },
  "gocd-job-unassigned": { kind: "gocd-job-unassigned", forMin: 6 },
};
