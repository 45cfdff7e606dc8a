// An example of each note, for docs/operations.md: the core's words produce its line, its level and its next step. Here
// are only the facts, and the next step if the line has none. Reasons of waiting jobs are in codes_reasons.ts.

import type {
  DemandNotes,
  IdentityNotes,
  LifeNotes,
  NoteFacts,
  NoteKind,
  PlacementNotes,
  ProgramNotes,
  SessionNotes,
} from "../src/core/note.ts";
import { aFailure, aGap, aJob, aProblem, hour, minute, second } from "./codes_facts.ts";

/** One example of a note. */
export interface NoteExample<K extends NoteKind> {
  /** The note. */
  readonly of: NoteFacts[K];
  /** The next step, if the words have none; absent: nothing to do. */
  readonly act?: string;
}

/** An example of each of these kinds. */
export type NoteExamples<K extends NoteKind> = { readonly [Each in K]: NoteExample<Each> };

const taskId = "gocd-k3x9ab-linux-7";
const host = "host1";
const profile = "linux";
const uuid = "5f0c6a52-6b0e-4c58-9d6f-0c2f2b8f9b10";
const agent = { taskId, profile };
const record = { taskId, uuid };
const placed = { taskId, host };
const ended = { taskId, profile, host, state: "TASK_FAILED" };
const linux = { gocdResources: ["linux"] };
const sandbox = "see the output of the container in its sandbox (the page links to it)";

const officeHours = {
  from: "0 7 * * mon-fri",
  to: "0 19 * * mon-fri",
  timeZone: "Europe/Berlin",
  minIdle: 5,
} as const;

/** About waiting jobs. */
export const demandExamples: NoteExamples<keyof DemandNotes> = {
  "demand-changed": {
    of: {
      totals: { waiting: 5, willBeTaken: 1, coming: 1, otherCause: 0, needsAgent: 3, unserved: 0, wanted: 3 },
      kinds: 2,
      gates: [],
    },
  },
  "schedule-in-force": { of: { profile, schedule: officeHours, forMs: 12 * hour } },
  "schedule-over": { of: { profile, schedule: officeHours } },
  "bucket-changed": {
    of: {
      bucket: {
        key: "linux",
        ...linux,
        profile,
        waiting: 2,
        willBeTaken: 0,
        coming: 1,
        otherCause: 0,
        needsAgent: 1,
        unserved: 0,
        wanted: 1,
        pollsInARow: 2,
        gate: { kind: "go" },
        remarks: [],
      },
    },
  },
  "demand-none": { of: {} },
  "job-unserved": {
    of: {
      job: aJob("unserved", {
        kind: "no-profile-resources",
        nearest: profile,
        missing: ["gpu"],
        lacksEnvironment: false,
        isElsewhere: false,
      }, ["gpu"]),
    },
    act: "the line names the key to change; or put the job into `poller.ignore` if it should not be served",
  },
  "job-other-cause": {
    of: { job: aJob("other-cause", { kind: "idle-unused", host: "build-3", idleMs: 5 * minute }) },
    act: "the reason names it; `gocd-mesos why FILE JOB` explains it in full",
  },
  "jobs-left-untaken": {
    of: {
      jobs: 4,
      polls: 2,
      need: linux,
      waitedMs: 5 * minute,
      last: aJob("needs-agent", { kind: "held-attempts", polls: 3, attempts: 5 }),
      attempts: 5,
      intervalMs: 2 * minute,
    },
  },
  "agent-sick": { of: { uuid, hostname: "build-3", jobs: 3, isOurs: false } },
};

/** About offers and hosts. */
export const placementExamples: NoteExamples<keyof PlacementNotes> = {
  "agent-launched": {
    of: { taskId, profile, host, ...linux, why: { kind: "jobs", jobs: 3, ...linux, polls: 2, coming: 1 } },
  },
  "no-fitting-offer": {
    of: {
      profile,
      miss: {
        nearest: {
          hostname: host,
          shortfalls: [{ name: "mem", needed: 2_048_000, offered: 1_792_000 }],
          tasksPlaced: 0,
          holdsLabelled: false,
        },
      },
    },
    act:
      "request less in the profile (cpus, mem, disk), or add capacity; if offers are refused because of a rule, the " +
      "line names it",
  },
  "host-avoided": {
    of: { host, profile, forMs: 2 * minute, failures: 3, failure: aFailure },
    act: "check that host: Docker, its disk, its network; it is tried again automatically",
  },
  "no-offer": { of: { role: "ci", profile } },
  "roles-ignored": { of: { masterVersion: "1.1.3", roles: ["ci"] } },
};

/** About the life cycle of instances. */
export const lifeExamples: NoteExamples<keyof LifeNotes> = {
  "agent-running": { of: { ...agent, host } },
  "agent-registered": { of: { ...agent, uuid, afterMs: 42 * second, isDisabled: false } },
  "pending-not-proven": { of: { taskId, count: 1 } },
  "duplicate-hostname": {
    of: { taskId, count: 2 },
    act: "check on the Agents page of GoCD what has registered under this name, and delete what is not needed",
  },
  "agent-idle": { of: agent },
  "agent-building": { of: agent },
  "agent-unsure": {
    of: { ...agent, word: "LostContact" },
    act: "if it persists, check its host and the network between it and the GoCD server; changes of the record by " +
      "others are left as they are",
  },
  "agent-draining": { of: { ...agent, uuid, reason: "idle", idleMs: 11 * minute, why: { kind: "unneeded" } } },
  "drain-undone": { of: agent },
  "agent-reused": { of: agent },
  "gocd-record-left": { of: { ...record, forMs: 5 * minute, problem: aProblem } },
  "agent-killing": {
    of: { ...agent, host, cause: "register-timeout", why: { kind: "not-registered", afterMs: 10 * minute } },
  },
  "agent-not-told-apart": {
    of: { ...agent, host, agents: [{ hostname: "f3a9c1", ipAddress: "10.0.0.7" }], isAdopted: false },
  },
  "agent-stopped": { of: { ...ended, state: "TASK_KILLED" } },
  "agent-stopped-unregistered": { of: { ...ended, state: "TASK_KILLED" } },
  "launch-dropped": {
    of: { ...ended, state: "TASK_DROPPED", message: "offer O-17 is no longer valid", isOffer: true },
  },
  "launch-failed": { of: { ...ended, message: "Failed to pull the image: manifest unknown", meaning: "task" } },
  "agent-exited": { of: { ...ended, message: "Container exited with status 1" }, act: sandbox },
  "agent-lost": {
    of: { ...placed, profile, state: "TASK_GONE", message: "the Mesos agent was removed" },
    act: "nothing if the host was removed on purpose; GoCD runs its build again, about 6 minutes after it lost contact",
  },
  "agent-unreachable": { of: placed, act: "look at the host, and at the network between it and the Mesos master" },
  "agent-doubted": {
    of: { ...placed, message: "Task is unknown to the agent" },
    act: "nothing, unless many agents are in doubt: then check the registry of the Mesos master",
  },
  "agent-returned": { of: placed, act: "nothing to do" },
  "agent-lives": { of: { ...placed, cause: "lost" }, act: "nothing to do" },
  "task-state-unknown": {
    of: { taskId, state: "TASK_PAUSED" },
    act: "please report it with the version of Mesos",
  },
  "profile-failing": { of: { profile, failures: 3, failure: aFailure, retryInMs: 30 * second } },
  "stderr-read": {
    of: { ...agent, ...placed, answer: { kind: "not-allowed", host: "mesos7.example.com:5051" } },
    act: "see the line, if you need the output; nothing else depends on it",
  },
  "profile-recovered": { of: agent },
  "cpu-hours-low": { of: { usedHours: 81.5, limitHours: 100, timeZone: "UTC" } },
  "cpu-hours-used-up": { of: { usedHours: 100, limitHours: 100, timeZone: "UTC" } },
  "brake-on": {
    of: {
      suspicion: { kind: "gocd-unlisted", sinceMs: 0, missing: 7, of: 9, isOlder: false },
      holdsLaunching: true,
    },
  },
  "brake-off": { of: { server: "gocd" } },
  "loss-accepted": { of: { instances: 7 }, act: "nothing to do" },
};

/** About identity. */
export const identityExamples: NoteExamples<keyof IdentityNotes> = {
  "agent-enabling": { of: { ...record, key: { kind: "unset" }, isNews: true } },
  "agent-registered-anew": {
    of: record,
    act: "nothing; if it recurs often, check why the agent process restarts: its log is in the sandbox",
  },
  "agent-misregistered": { of: { ...agent, gap: aGap } },
  "agent-corrected": { of: { ...agent, uuid, gap: aGap } },
  "agent-guid-shared": { of: { ...agent, uuid, owner: "gocd-k3x9ab-linux-6" } },
  "other-program": { of: { hostname: "gocd-zz81qp-linux-3", lineage: "zz81qp", need: linux } },
  "task-foreign": { of: { taskId: "sleep-1", state: "TASK_RUNNING" } },
  "agent-adopted": { of: agent, act: "nothing; it is normal after a lost or an older state ([the state](state.md))" },
  "record-adopted": { of: record, act: "nothing; it is normal after a lost or an older state ([the state](state.md))" },
  "task-id-lives": { of: agent },
};

/** About both servers and operators. */
export const sessionExamples: NoteExamples<keyof SessionNotes> = {
  "subscribed": {
    of: { master: "mesos-master:5050", masterVersion: "1.11.0", frameworkId: "f-0001", instances: 3 },
  },
  "framework-failed-over": { of: {} },
  "framework-refused": { of: { error: "unauthorized", message: "Not authorized to use role 'ci'" } },
  "framework-removed": { of: { frameworkId: "f-0001", instances: 3 } },
  "framework-replaced": { act: "nothing to do", of: { frameworkId: "f-0001", message: "Framework has been removed" } },
  "mesos-call-failed": {
    of: { call: "kill-task", outcome: "unknown", message: "the connection was lost" },
    act: "nothing; refused calls are logged at level `error` with the response of the master",
  },
  "identity-kept": {
    of: { frameworkId: "f-0001", fields: [{ key: "mesos.user", kept: "go", configured: "root" }] },
  },
  "program-stood-still": { of: { stoodStillMs: 3 * minute }, act: "nothing; if it recurs, check the machine" },
  "maintenance-announced": { of: { host, instances: 2, startsInMs: 5 * hour, endsInMs: 7 * hour, leadMs: hour } },
  "maintenance-requested": { of: { host, instances: 2, startsInMs: 30 * minute } },
  "maintenance-taken-back": { of: { host, instances: 2 } },
  "gocd-version": { of: { version: "25.4.0", jobs: 2, agents: 11 } },
  "gocd-maintenance": {
    of: { mode: "maintenance mode" },
    act: "end the mode in GoCD (Admin > Server Maintenance Mode) when it is no longer needed",
  },
  "gocd-maintenance-over": { of: { mode: "maintenance mode" } },
  "gocd-answers": { of: { failures: 3 } },
  "gocd-call-failed": { of: { call: "disable-gocd-agents", problem: aProblem } },
  "gocd-problem": { of: { problem: aProblem } },
  "gocd-finding": { of: { finding: { code: "gocd-disk-low", message: "", hint: "" } } },
  "operator": {
    of: {
      result: {
        kind: "switched",
        command: { kind: "launching-frozen" },
        before: { mode: "run", frozen: false },
        isRetried: false,
      },
      mode: "run",
    },
  },
  "settings-changed": { of: { replaced: 2 } },
  "switches-in-force": { of: { controls: { frozen: true, frozenProfiles: [], mode: "run" } } },
  "torn-down": { of: { frameworkId: "f-0001" } },
};

/** About the program around the core. */
export const programExamples: NoteExamples<keyof ProgramNotes> = {
  "mesos-failed": { of: { message: "the Mesos master could not be asked" } },
  "mesos-steady": { of: { master: "mesos-master:5050" } },
  "store-failed": { of: { problem: "the state cannot be stored: the disk is full", hint: "free space on the disk" } },
  "store-works": { of: {} },
  "page-failed": { of: { message: "…" } },
  "no-control-file": {
    of: { why: "the folder of the state cannot be written", hint: "let the user of the service write that folder" },
  },
  "history-in-memory": {
    of: { why: "the state is in ZooKeeper", hint: "set history.path to keep it across restarts" },
  },
  "history-failed": {
    of: { problem: "the history cannot be written: the disk is full", hint: "free space on the disk" },
  },
  "history-works": { of: {} },
  "leading": { of: {} },
  "standing-by": { of: { leader: "http://scheduler-1:8090" } },
  "election-interrupted": {
    of: {
      message: "ZooKeeper zk1:2181 does not answer",
      hint: "check the hosts of state.path, and that ZooKeeper is running",
    },
  },
  "torn-down-before": { of: {} },
  "webhook-failed": {
    of: {
      webhook: "team",
      what: "hooks.slack.com answered 404",
      hint: "check the URL: it does not exist at the " +
        "receiver",
    },
  },
  "told-not-kept": { of: { problem: "Permission denied (os error 13)" } },
  "webhook-works": { of: { webhook: "team", failedForMs: 20 * minute } },
  "webhook-message-lost": {
    of: { webhook: "team", why: "too-old" },
    act: "`gocd-mesos notify-test FILE` shows whether the receiver accepts messages now",
  },
};
