// Texts about ends, losses, failures and the brake: each note and each of its forms once.

import type { Misregistered } from "../../../src/core/life/causes.ts";
import { gocdSuspicion, mesosSays, mesosSuspicion } from "../instance_fixtures.ts";
import { testNotes } from "./note_rows.ts";

const task = { taskId: "t", profile: "linux" };
const host = { host: "h" };
const ended = { ...task, ...host, state: "TASK_FAILED" };
const gap: Misregistered = {
  kind: "misregistered",
  got: { gocdResources: [] },
  wanted: { gocdResources: ["linux"], environment: "prod" },
};

testNotes([
  [{ kind: "agent-stopped", ...ended }, "info agent-stopped: t has stopped", {
    taskId: "t",
    profile: "linux",
    host: "h",
    state: "TASK_FAILED",
  }],
  [
    { kind: "agent-stopped-unregistered", ...ended, reason: "REASON_EXECUTOR_TERMINATED" },
    "info agent-stopped: t has stopped; it had never registered with the GoCD server",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED", reason: "REASON_EXECUTOR_TERMINATED" },
  ],
  [
    { kind: "launch-dropped", ...ended, message: "m", isOffer: true },
    "info launch-dropped: t was not launched: the offer was gone (m); retried automatically",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED" },
  ],
  [
    { kind: "launch-dropped", ...ended, message: "m", isOffer: false },
    "info launch-dropped: t was not launched on h: m; retried automatically",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED" },
  ],
  [
    { kind: "launch-failed", ...ended, message: "exited with status 137", meaning: "task" },
    "error launch-failed: t failed to start on h: exited with status 137 | check docker-image and the other settings of " +
    "profile linux, and its mem (137 is SIGKILL, often because it ran out of memory)",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED" },
  ],
  [
    { kind: "launch-failed", ...ended, message: "exited with status 137", meaning: "unauthorized" },
    "error launch-failed: t failed to start on h: exited with status 137 | let mesos.principal run tasks as " +
    "mesos.user (ACL run_tasks of the Mesos master)",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED" },
  ],
  [{ kind: "agent-exited", ...ended, message: "m" }, "error agent-exited: t exited unexpectedly on h: m", {
    taskId: "t",
    profile: "linux",
    host: "h",
    state: "TASK_FAILED",
  }],
  [{ kind: "agent-lost", taskId: "t", ...host, message: "m" }, "warning agent-lost: t is lost: m", {
    taskId: "t",
    host: "h",
  }],
  [
    { kind: "agent-lost", ...ended, reason: "REASON_SLAVE_REMOVED", message: "m", neverBegan: "before-this-run" },
    "warning agent-lost: t was never launched on h: the launch was stored, but not sent before the last run ended, " +
    "or lost in transit (m); retried automatically",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED", reason: "REASON_SLAVE_REMOVED" },
  ],
  [
    { kind: "agent-lost", ...ended, message: "m", neverBegan: "on-its-way" },
    "warning agent-lost: t was never launched on h: the launch was lost in transit (m); retried automatically",
    { taskId: "t", profile: "linux", host: "h", state: "TASK_FAILED" },
  ],
  [
    { kind: "agent-unreachable", taskId: "t", ...host },
    "warning agent-unreachable: t is unreachable: Mesos has lost contact with host h; it is replaced if needed",
    { taskId: "t", host: "h" },
  ],
  [
    { kind: "agent-doubted", taskId: "t", ...host, message: "m" },
    "warning agent-doubted: Mesos has lost t (m), but the GoCD server still has contact with it: it is left alone, " +
    "and replaced if needed",
    { taskId: "t", host: "h" },
  ],
  [{ kind: "agent-returned", taskId: "t", ...host }, "info agent-returned: t is back: Mesos reaches host h again", {
    taskId: "t",
    host: "h",
  }],
  [
    { kind: "agent-lives", taskId: "t", ...host, cause: "lost" },
    "warning agent-returned: t is alive although Mesos had reported it as lost; it is managed again",
    { taskId: "t", host: "h" },
  ],
  [
    { kind: "task-state-unknown", taskId: "t", state: "TASK_ODD" },
    "warning task-state-unknown: Mesos reports TASK_ODD for t, a state unknown to this program; it is ignored",
    { taskId: "t", state: "TASK_ODD" },
  ],
  [
    { kind: "stderr-read", ...task, ...host, answer: { kind: "read", text: "one\ntwo" } },
    "info stderr-read: stderr of t on h: one two",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "stderr-read", ...task, ...host, answer: { kind: "read", text: "" } },
    "info stderr-read: stderr of t on h: empty",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "stderr-read", ...task, ...host, answer: { kind: "not-allowed", host: "h:5051" } },
    "info stderr-read: stderr of t on h was not read: add h:5051 to mesos.allowed-hosts so that it can be read",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "stderr-read", ...task, ...host, answer: { kind: "failed", message: "404" } },
    "info stderr-read: stderr of t on h was not read: 404",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "profile-failing", profile: "linux", failures: 3, failure: mesosSays("no image"), retryInMs: 40_000 },
    "error profile-failing: profile linux: 3 launches failed in a row (no image); from now on one is tried at a " +
    "time, the next in 40 s | check docker-image and the other settings of profile linux; once fixed, `gocd-mesos resume " +
    "FILE` retries at once",
    { profile: "linux", failures: 3 },
  ],
  [
    { kind: "profile-failing", profile: "linux", failures: 3, failure: { kind: "lost-contact" }, retryInMs: 40_000 },
    "error profile-failing: profile linux: 3 launches failed in a row (the GoCD server has lost contact with it); " +
    "from now on one is tried at a time, the next in 40 s | check docker-image and the other settings of profile linux; once " +
    "fixed, `gocd-mesos resume FILE` retries at once",
    { profile: "linux", failures: 3 },
  ],
  [
    {
      kind: "profile-failing",
      profile: "linux",
      failures: 3,
      failure: { kind: "pending", afterMs: 300_000 },
      retryInMs: 40_000,
    },
    "error profile-failing: profile linux: 3 launches failed in a row (it stayed Pending on the GoCD server for 5 " +
    "min and could not be enabled); from now on one is tried at a time, the next in 40 s | check docker-image and the " +
    "other settings of profile linux; once fixed, `gocd-mesos resume FILE` retries at once",
    { profile: "linux", failures: 3 },
  ],
  [
    { kind: "profile-failing", profile: "linux", failures: 3, failure: gap, retryInMs: 40_000 },
    "error profile-failing: profile linux: 3 launches failed in a row (it registered as no resources, not as linux " +
    "in environment prod); from now on one is tried at a time, the next in 40 s | check docker-image and the other settings " +
    "of profile linux; once fixed, `gocd-mesos resume FILE` retries at once",
    { profile: "linux", failures: 3 },
  ],
  [
    { kind: "cpu-hours-low", usedHours: 81.456, limitHours: 100, timeZone: "UTC" },
    "warning cpu-hours-low: most cpu-hours of the day are used: 81.46 of 100 (scaling.cpu-hours-per-day), per day in" +
    " UTC | raise scaling.cpu-hours-per-day if today's builds cannot wait, or lower cpus of the profiles",
    { usedHours: 81.456 },
  ],
  [
    { kind: "cpu-hours-used-up", usedHours: 100.5, limitHours: 100, timeZone: "UTC" },
    "warning cpu-hours-used-up: the cpu-hours of the day are used up: 100.5 of 100 (scaling.cpu-hours-per-day), per " +
    "day in UTC; nothing is launched until midnight | raise scaling.cpu-hours-per-day if today's " +
    "builds cannot wait, or lower cpus of the profiles",
    { usedHours: 100.5 },
  ],
  [{ kind: "profile-recovered", ...task }, "info profile-recovered: profile linux works again: t has registered", {
    profile: "linux",
  }],
  [
    { kind: "brake-on", suspicion: gocdSuspicion, holdsLaunching: true },
    "error brake-on: the GoCD server no longer lists 1 of our 1 agent: it may be another server, or have an older " +
    "database; nothing is launched, and nothing is taken down until they are back | check that go-server.url points " +
    "to the right server; once it does, operation resumes without a restart. If these agents are really lost: " +
    "`gocd-mesos accept-loss FILE`",
    { server: "gocd" },
  ],
  [
    { kind: "brake-on", suspicion: { ...gocdSuspicion, missing: 0, of: 2, isOlder: true }, holdsLaunching: false },
    "error brake-on: the GoCD server no longer lists any agent of its last list, and its version is older than " +
    "before: it may be another server, or have an older database; nothing is taken down until they are back | check " +
    "that go-server.url points to the right server; once it does, operation resumes without a restart. If these " +
    "agents are really lost: `gocd-mesos accept-loss FILE`",
    { server: "gocd" },
  ],
  [
    { kind: "brake-on", suspicion: { ...mesosSuspicion, lost: 2, of: 3 }, holdsLaunching: false },
    "error brake-on: Mesos has lost 2 of our 3 agents, but the GoCD server still has contact with them: it may be " +
    "another cluster, or its master has lost its registry; nothing is taken down until they are back | check that " +
    "mesos-master points to the right cluster; Mesos agents have 10 minutes to come back to a new master. If these " +
    "agents are really lost: `gocd-mesos accept-loss FILE`",
    { server: "mesos" },
  ],
  [{ kind: "brake-off", server: "gocd" }, "info brake-off: the GoCD server lists our agents again: operation resumes", {
    server: "gocd",
  }],
  [
    { kind: "brake-off", server: "mesos" },
    "info brake-off: Mesos knows our agents again, or the GoCD server has lost them as well: operation resumes",
    { server: "mesos" },
  ],
  [{ kind: "loss-accepted", instances: 0 }, "warning operator: no agents are missing whose loss could be accepted", {
    instances: 0,
  }],
  [
    { kind: "loss-accepted", instances: 2 },
    "warning operator: the loss of 2 agents is accepted: launching and draining resume",
    { instances: 2 },
  ],
]);
