// Texts about instances from their launch to their KILL: each note and each of its forms once. Ends: end_notes_test.ts.

import { problem } from "../../support/core.ts";
import { testNotes } from "./note_rows.ts";

const task = { taskId: "t", profile: "linux" };
const host = { host: "h" };

testNotes([
  [
    { kind: "agent-running", ...task, ...host },
    "info agent-running: t runs on h; waiting for it to register with the GoCD server",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-registered", ...task, uuid: "u", afterMs: 90_000, isDisabled: false },
    "info agent-registered: t has registered with the GoCD server after 90 s",
    { taskId: "t", profile: "linux", uuid: "u" },
  ],
  [
    { kind: "agent-registered", ...task, uuid: "u", isDisabled: true },
    "info agent-registered: t is registered with the GoCD server, but someone has disabled it there",
    { taskId: "t", profile: "linux", uuid: "u" },
  ],
  [
    { kind: "pending-not-proven", taskId: "t", count: 1 },
    "warning pending-not-proven: a Pending GoCD agent is named t, but that name is public in Mesos and nothing " +
    "proves that the agent is ours: not enabled | set go-agent.auto-register-key to agentAutoRegisterKey of the " +
    "server's config " +
    "(Admin > Config XML, <server>), or enable it on the Agents page of GoCD if you know it",
    { taskId: "t", count: 1 },
  ],
  [
    { kind: "pending-not-proven", taskId: "t", count: 2 },
    "warning pending-not-proven: 2 Pending GoCD agents are named t, but that name is public in Mesos and nothing " +
    "proves that the agent is ours: not enabled | set go-agent.auto-register-key to agentAutoRegisterKey of the " +
    "server's config " +
    "(Admin > Config XML, <server>), or enable it on the Agents page of GoCD if you know it",
    { taskId: "t", count: 2 },
  ],
  [
    { kind: "duplicate-hostname", taskId: "t", count: 2 },
    "warning duplicate-hostname: 2 GoCD agents are named t; the enabled one is used",
    { taskId: "t", count: 2 },
  ],
  [{ kind: "agent-idle", ...task }, "debug agent-idle: t is idle", { taskId: "t", profile: "linux" }],
  [{ kind: "agent-building", ...task }, "debug agent-building: t is building", { taskId: "t", profile: "linux" }],
  [
    { kind: "agent-unsure", ...task, word: "absent" },
    "warning agent-unsure: t is no longer listed by the GoCD server; it is left alone",
    { taskId: "t", profile: "linux", word: "absent" },
  ],
  [
    { kind: "agent-unsure", ...task, word: "Disabled" },
    "warning agent-unsure: t was disabled by someone; it is left alone",
    { taskId: "t", profile: "linux", word: "Disabled" },
  ],
  [
    { kind: "agent-unsure", ...task, word: "Pending" },
    "warning agent-unsure: t is Pending again: someone has deleted its record; it is left alone",
    { taskId: "t", profile: "linux", word: "Pending" },
  ],
  [
    { kind: "agent-unsure", ...task, word: "Missing" },
    "warning agent-unsure: t is Missing: the server has restarted and has not heard from it yet; it is left alone",
    { taskId: "t", profile: "linux", word: "Missing" },
  ],
  [
    { kind: "agent-unsure", ...task, word: "LostContact" },
    "warning agent-unsure: t has lost contact with the GoCD server; it is left alone",
    { taskId: "t", profile: "linux", word: "LostContact" },
  ],
  [
    { kind: "agent-unsure", ...task, word: "Hibernating" },
    "warning agent-unsure: t is in the state Hibernating; it is left alone",
    { taskId: "t", profile: "linux", word: "Hibernating" },
  ],
  [
    { kind: "agent-draining", ...task, uuid: "u", reason: "idle", idleMs: 90_000, why: { kind: "unneeded" } },
    "info agent-draining: draining t: it has been idle for 90 s and no waiting job needs it",
    { taskId: "t", profile: "linux", reason: "idle", uuid: "u" },
  ],
  [
    { kind: "agent-draining", ...task, uuid: "u", reason: "idle", idleMs: 90_000, why: { kind: "limit" } },
    "info agent-draining: draining t: it has been idle for 90 s and others wait for its place (scaling.max-agents)",
    { taskId: "t", profile: "linux", reason: "idle", uuid: "u" },
  ],
  [
    {
      kind: "agent-draining",
      ...task,
      uuid: "u",
      reason: "idle",
      idleMs: 90_000,
      why: { kind: "limit", profile: "gpu" },
    },
    "info agent-draining: draining t: it has been idle for 90 s and others wait for its place (max-agents of profile " +
    "gpu)",
    { taskId: "t", profile: "linux", reason: "idle", uuid: "u" },
  ],
  [
    { kind: "agent-draining", ...task, uuid: "u", reason: "idle", idleMs: 90_000, why: { kind: "share" } },
    "info agent-draining: draining t: it has been idle for 90 s and others wait for its cpus (scaling.max-cpu-share)",
    { taskId: "t", profile: "linux", reason: "idle", uuid: "u" },
  ],
  [
    { kind: "agent-draining", ...task, uuid: "u", reason: "idle", idleMs: 90_000, why: { kind: "room" } },
    "info agent-draining: draining t: it has been idle for 90 s and others need its resources on the host: no offer " +
    "fits them",
    { taskId: "t", profile: "linux", reason: "idle", uuid: "u" },
  ],
  [
    { kind: "agent-draining", ...task, uuid: "u", reason: "fair-share", idleMs: 0, why: { kind: "unneeded" } },
    "info agent-draining: draining t: others wait for their share of the agents (scaling.fair-share); it finishes " +
    "its job and takes no other",
    { taskId: "t", profile: "linux", reason: "fair-share", uuid: "u" },
  ],
  [{ kind: "drain-undone", ...task }, "info drain-undone: t was enabled again by someone; it is kept", {
    taskId: "t",
    profile: "linux",
  }],
  [{ kind: "agent-reused", ...task }, "info agent-reused: t is enabled again: jobs wait that it can take", {
    taskId: "t",
    profile: "linux",
  }],
  [
    { kind: "gocd-record-left", taskId: "t", uuid: "u", forMs: 600_000 },
    "warning gocd-record-left: the GoCD server has not deleted the record of t for 10 min; the agent is stopped " +
    "anyway, and its record is deleted once that works | see the responses of GoCD to DELETE in the lines before",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "gocd-record-left", taskId: "t", uuid: "u", forMs: 600_000, problem: problem({ hint: "free the disk" }) },
    "warning gocd-record-left: the GoCD server has not deleted the record of t for 10 min; the agent is stopped " +
    "anyway, and its record is deleted once that works | free the disk",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "drained", why: { kind: "drained", isDeleted: true } },
    "info agent-killing: stopping t: drained and deleted from the GoCD server",
    { taskId: "t", profile: "linux", cause: "drained", host: "h" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "teardown", why: { kind: "drained", isDeleted: false } },
    "info agent-killing: stopping t: drained, although its record is still on the GoCD server",
    { taskId: "t", profile: "linux", cause: "teardown", host: "h" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "by-mesos", why: { kind: "by-mesos", message: "" } },
    "info agent-killing: Mesos stops t: requested by an operator, or its Mesos agent is drained",
    { taskId: "t", profile: "linux", cause: "by-mesos", host: "h" },
  ],
  [
    {
      kind: "agent-killing",
      ...task,
      ...host,
      cause: "by-mesos",
      why: { kind: "by-mesos", message: "Mesos agent drained" },
    },
    "info agent-killing: Mesos stops t: Mesos agent drained",
    { taskId: "t", profile: "linux", cause: "by-mesos", host: "h" },
  ],
  [
    {
      kind: "agent-killing",
      ...task,
      ...host,
      cause: "register-timeout",
      why: { kind: "not-registered", afterMs: 300_000 },
    },
    "warning agent-killing: stopping t: it did not register with the GoCD server within 5 min (register-timeout) | " +
    "check the agent's log in its sandbox: whether it reaches go-server.agent-url, and whether the server accepts " +
    "its auto-register key",
    { taskId: "t", profile: "linux", cause: "register-timeout", host: "h" },
  ],
  [
    {
      kind: "agent-killing",
      ...task,
      ...host,
      cause: "launch-timeout",
      why: { kind: "not-running", afterMs: 600_000 },
    },
    "warning agent-killing: stopping t: its container was not running 10 min after the launch " +
    "(scaling.launch-timeout)",
    { taskId: "t", profile: "linux", cause: "launch-timeout", host: "h" },
  ],
  [
    {
      kind: "agent-killing",
      ...task,
      ...host,
      cause: "launch-timeout",
      why: { kind: "launch-silent", forMs: 600_000 },
    },
    "warning agent-killing: stopping t: Mesos has not reported on it for 10 min",
    { taskId: "t", profile: "linux", cause: "launch-timeout", host: "h" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "pending-stuck", why: { kind: "pending", afterMs: 300_000 } },
    "warning agent-killing: stopping t: it stayed Pending on the GoCD server for 5 min and could not be enabled | " +
    "give its auto-register key (go-agent.auto-register-key, or env of its profile) the server's " +
    "agentAutoRegisterKey, or make the account of go-server.user-name an administrator, who may enable agents",
    { taskId: "t", profile: "linux", cause: "pending-stuck", host: "h" },
  ],
  [
    {
      kind: "agent-killing",
      ...task,
      ...host,
      cause: "drain-timeout",
      why: { kind: "drain-timeout", afterMs: 3_600_000 },
    },
    "warning agent-killing: stopping t: it was still busy 60 min after it was disabled (drain-timeout)",
    { taskId: "t", profile: "linux", cause: "drain-timeout", host: "h" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "record-deleted", why: { kind: "record-deleted" } },
    "warning agent-killing: stopping t: someone has deleted its record on the GoCD server",
    { taskId: "t", profile: "linux", cause: "record-deleted", host: "h" },
  ],
  [
    { kind: "agent-killing", ...task, ...host, cause: "record-deleted", why: { kind: "returned-without-record" } },
    "warning agent-killing: stopping t: Mesos reports it again, but its record is gone: it cannot hold a build and " +
    "will not register again",
    { taskId: "t", profile: "linux", cause: "record-deleted", host: "h" },
  ],
  [
    {
      kind: "agent-not-told-apart",
      ...task,
      ...host,
      agents: [{ hostname: "a", ipAddress: "10.0.0.1" }, { hostname: "b" }, { hostname: "c" }],
      isAdopted: true,
    },
    "error agent-not-told-apart: t has not registered under its name in time, but the GoCD agent a (10.0.0.1), b, c " +
    "may be the same one: no KILL is sent, or no further one, because it might end a build | let the image of " +
    "profile linux register " +
    "under AGENT_AUTO_REGISTER_HOSTNAME (older images: AGENT_HOSTNAME); if that agent belongs to someone else, kill " +
    "task " +
    "t with the Mesos tools",
    { taskId: "t", profile: "linux", host: "h", agents: "a (10.0.0.1) b c" },
  ],
  [
    {
      kind: "agent-not-told-apart",
      ...task,
      ...host,
      agents: ["a", "b", "c", "d"].map((hostname) => ({ hostname })),
      isAdopted: false,
    },
    "error agent-not-told-apart: t has not registered under its name in time, but the GoCD agent a, b, c, … has " +
    "appeared since its launch and may be the same one: no KILL is sent, or no further one, because it might end a " +
    "build | let the " +
    "image of profile linux register under AGENT_AUTO_REGISTER_HOSTNAME (older images: AGENT_HOSTNAME); if that " +
    "agent belongs to someone else, kill task t with the Mesos tools",
    { taskId: "t", profile: "linux", host: "h", agents: "a b c" },
  ],
]);
