// Texts about both servers and commands: each note and each of its forms once. When: session_note_texts_test.ts.

import type { OperatorEvent } from "../../../src/core/event.ts";
import type { CommandResult } from "../../../src/core/note.ts";
import { minute, problem } from "../../support/core.ts";
import { testNotes } from "./note_rows.ts";

const hour = 60 * minute;
const wanted = { host: "h", instances: 1 };
const switched = (command: OperatorEvent): CommandResult => ({
  kind: "switched",
  command,
  before: { mode: "run", frozen: false },
  isRetried: false,
});

testNotes([
  [
    { kind: "subscribed", master: "m:5050", masterVersion: "1.11.0", frameworkId: "f", instances: 0 },
    "info subscribed: subscribed to the Mesos master m:5050 (Mesos 1.11.0) as framework f",
    { master: "m:5050", frameworkId: "f", instances: 0 },
  ],
  [
    { kind: "subscribed", master: "m:5050", frameworkId: "f", instances: 2, isUnsteady: true },
    "debug subscribed: subscribed to the Mesos master m:5050 as framework f; asking for our 2 agents",
    { master: "m:5050", frameworkId: "f", instances: 2 },
  ],
  [
    { kind: "framework-failed-over" },
    "error framework-failed-over: another instance has taken over our framework id; this one steps down and leaves " +
    "all agents to it | run one instance per framework id, or give each its own state",
    {},
  ],
  [
    { kind: "framework-refused", error: "unauthorized", message: "m" },
    "error framework-unauthorized: the Mesos master refuses our framework: m | check mesos.principal, mesos.secret " +
    "and the master's ACLs for the role",
    { error: "unauthorized" },
  ],
  [
    {
      kind: "framework-refused",
      error: "bad-framework-info",
      message: "Changing framework's principal is not allowed",
    },
    "error framework-bad-framework-info: the Mesos master refuses our framework: Changing framework's principal is " +
    "not allowed | Mesos never changes the principal of a framework: set mesos.principal back, or run `gocd-mesos " +
    "teardown` with the old one first and start again",
    { error: "bad-framework-info" },
  ],
  [
    { kind: "framework-refused", error: "other", message: "m" },
    "error framework-other: the Mesos master refuses our framework: m | check the keys under mesos in the " +
    "configuration",
    { error: "other" },
  ],
  [
    { kind: "framework-replaced", frameworkId: "f", message: "m" },
    "warning framework-removed: Mesos has removed framework f (m); no agent of ours is left, so a new one is " +
    "registered",
    {},
  ],
  [
    { kind: "framework-replaced", message: "m" },
    "warning framework-removed: Mesos has removed framework ? (m); no agent of ours is left, so a new one is " +
    "registered",
    {},
  ],
  [
    { kind: "framework-removed", frameworkId: "f", instances: 1 },
    "error framework-removed: Mesos has removed framework f, but 1 agent is on record; no new framework is " +
    "registered beside them | make sure that these agents are gone (`gocd-mesos state show FILE`), then run " +
    "`gocd-mesos state forget-framework FILE`",
    { instances: 1 },
  ],
  [
    { kind: "framework-removed", instances: 2 },
    "error framework-removed: Mesos has removed framework ?, but 2 agents are on record; no new framework is " +
    "registered beside them | make sure that these agents are gone (`gocd-mesos state show FILE`), then run " +
    "`gocd-mesos state forget-framework FILE`",
    { instances: 2 },
  ],
  [
    { kind: "mesos-call-failed", call: "accept-offers", outcome: "refused", message: "m" },
    "error mesos-call-failed: the Mesos call accept offers was refused: m",
    { call: "accept-offers", outcome: "refused", message: "m" },
  ],
  [
    { kind: "mesos-call-failed", call: "kill-task", outcome: "unknown", message: "m" },
    "warning mesos-call-failed: the Mesos call kill task got no answer; it is repeated if still needed",
    { call: "kill-task", outcome: "unknown", message: "m" },
  ],
  [
    {
      kind: "identity-kept",
      frameworkId: "f",
      fields: [{ key: "mesos.user", kept: "root", configured: "ci" }, { key: "mesos.principal", configured: "p" }],
    },
    "warning identity-kept: Mesos keeps for framework f the values it was first registered with: mesos.user is " +
    "'root', not 'ci', mesos.principal is none, not 'p' | restore the keys, or give up the framework with " +
    "`gocd-mesos teardown FILE` and start again",
    { frameworkId: "f" },
  ],
  [
    { kind: "identity-kept", frameworkId: "", fields: [{ key: "mesos.principal", kept: "p" }] },
    "warning identity-kept: Mesos keeps for framework ? the values it was first registered with: mesos.principal is " +
    "'p', not none | restore the keys, or give up the framework with `gocd-mesos teardown FILE` and start again",
    { frameworkId: "" },
  ],
  [
    { kind: "program-stood-still", stoodStillMs: 600_000 },
    "warning program-stood-still: this program did not run for 10 min: its machine was suspended or its clock was " +
    "changed; no timeout counts that time",
    { stoodStillMs: 600_000 },
  ],
  [
    { kind: "maintenance-announced", ...wanted, startsInMs: 3 * hour, leadMs: hour },
    "info maintenance-announced: Mesos asks to free host h (maintenance in 3 h); 1 agent there keep running, and are " +
    "drained from 60 min before it (scaling.maintenance-lead)",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "maintenance-announced", ...wanted, startsInMs: 0, endsInMs: 0, leadMs: hour },
    "info maintenance-announced: Mesos asks to free host h (maintenance is over); 1 agent there keep running; remove " +
    "the host from the maintenance schedule of Mesos",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "maintenance-announced", ...wanted, startsInMs: 1, endsInMs: -1, leadMs: hour },
    "info maintenance-announced: Mesos asks to free host h (maintenance is over); 1 agent there keep running, and " +
    "are drained from 60 min before it (scaling.maintenance-lead)",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "maintenance-requested", ...wanted, startsInMs: 10 * minute, endsInMs: hour },
    "info maintenance-requested: Mesos asks to free host h (maintenance in 10 min); 1 agent there finish their jobs " +
    "first",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "maintenance-requested", ...wanted, startsInMs: 0, endsInMs: 1 },
    "info maintenance-requested: Mesos asks to free host h (maintenance has begun); 1 agent there finish their jobs " +
    "first",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "maintenance-requested", ...wanted, instances: 2, startsInMs: -1 },
    "info maintenance-requested: Mesos asks to free host h (maintenance has begun); 2 agents there finish their jobs " +
    "first",
    { host: "h", instances: 2 },
  ],
  [
    { kind: "maintenance-taken-back", host: "h", instances: 1 },
    "info maintenance-taken-back: Mesos no longer asks to free host h; its 1 agent may stay",
    { host: "h", instances: 1 },
  ],
  [
    { kind: "gocd-version", version: "26.1.0", jobs: 1, agents: 1 },
    "info gocd-version: GoCD server 26.1.0: 1 job waits, 1 agent is known",
    { version: "26.1.0" },
  ],
  [
    { kind: "gocd-version", version: "26.1.0", jobs: 0, agents: 2 },
    "info gocd-version: GoCD server 26.1.0: 0 jobs wait, 2 agents are known",
    { version: "26.1.0" },
  ],
  [
    { kind: "gocd-maintenance", mode: "maintenance mode" },
    "warning gocd-maintenance: the GoCD server is in maintenance mode: nothing is launched or taken down until it " +
    "ends",
    {},
  ],
  [{ kind: "gocd-maintenance-over", mode: "drain mode" }, "info gocd-maintenance-over: drain mode is over", {}],
  [{ kind: "gocd-answers", failures: 1 }, "info gocd-answers: the GoCD server answers again after 1 failed read", {}],
  [{ kind: "gocd-answers", failures: 2 }, "info gocd-answers: the GoCD server answers again after 2 failed reads", {}],
  [
    {
      kind: "gocd-call-failed",
      call: "delete-gocd-agents",
      problem: problem({ kind: "conflict", code: "gocd-conflict" }),
    },
    "info gocd-call-failed: delete GoCD agents failed: no answer | look",
    { call: "delete-gocd-agents", problem: "gocd-conflict" },
  ],
  [
    { kind: "gocd-call-failed", call: "enable-gocd-agent", problem: problem() },
    "warning gocd-call-failed: enable GoCD agent failed: no answer | look",
    { call: "enable-gocd-agent", problem: "gocd-unreachable" },
  ],
  [
    { kind: "gocd-problem", problem: problem({ kind: "starting", code: "gocd-starting" }) },
    "warning gocd-starting: no answer; nothing is decided until a poll succeeds | look",
    { kind: "starting" },
  ],
  [
    { kind: "gocd-problem", problem: problem({ kind: "maintenance", code: "gocd-maintenance" }) },
    "warning gocd-maintenance: no answer; nothing is decided until a poll succeeds | look",
    { kind: "maintenance" },
  ],
  [
    { kind: "gocd-problem", problem: problem() },
    "error gocd-unreachable: no answer; nothing is decided until a poll succeeds | look",
    { kind: "unreachable" },
  ],
  [
    { kind: "gocd-finding", finding: { code: "gocd-disk-full", message: "the disk is full", hint: "free some" } },
    "warning gocd-disk-full: the disk is full | free some",
    {},
  ],
  [
    { kind: "operator", result: { kind: "already-torn-down" }, mode: "run" },
    "info operator: there is no framework to tear down: it was torn down before",
    { mode: "run" },
  ],
  [
    { kind: "operator", result: { kind: "agent-drained", taskId: "t" }, mode: "run" },
    "info operator: draining t: it is removed once idle; another is launched if jobs need one",
    { mode: "run" },
  ],
  [
    { kind: "operator", result: { kind: "canary", profile: "linux" }, mode: "drain" },
    "info operator: one agent of profile linux is launched to see whether it works, and removed once it has " +
    "registered",
    { mode: "drain" },
  ],
  [
    { kind: "operator", result: switched({ kind: "profile-drain-requested", profile: "linux" }), mode: "run" },
    "info operator: draining profile linux: its agents are removed once idle, and no others are launched",
    { mode: "run" },
  ],
  [
    { kind: "operator", result: switched({ kind: "agent-drain-requested", taskId: "t" }), mode: "run" },
    "info operator: draining t: it is removed once idle; another is launched if jobs need one",
    { mode: "run" },
  ],
  [
    { kind: "operator", result: switched({ kind: "canary-requested", profile: "linux" }), mode: "run" },
    "info operator: one agent of profile linux is launched to see whether it works, and removed once it has " +
    "registered",
    { mode: "run" },
  ],
  [{ kind: "settings-changed", replaced: 0 }, "info settings-changed: the new configuration is in effect", {
    replaced: 0,
  }],
  [
    { kind: "settings-changed", replaced: 1 },
    "info settings-changed: the new configuration is in effect; 1 agent of a changed profile is replaced once idle",
    { replaced: 1 },
  ],
  [
    { kind: "settings-changed", replaced: 2 },
    "info settings-changed: the new configuration is in effect; 2 agents of changed profiles are replaced once idle",
    { replaced: 2 },
  ],
  [
    { kind: "switches-in-force", controls: { mode: "drain", frozen: true, frozenProfiles: ["a", "b"] } },
    "warning switches-in-force: still in effect from earlier commands: draining, nothing is launched; all launching " +
    "is frozen; launching of a, b is frozen | `gocd-mesos resume FILE` ends it",
    { mode: "drain", frozen: true, frozenProfiles: "a,b" },
  ],
  [{ kind: "torn-down", frameworkId: "f" }, "info torn-down: framework f is torn down and forgotten", {}],
]);
