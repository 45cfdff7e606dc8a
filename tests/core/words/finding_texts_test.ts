// The problems of servers, profiles and records in the picture, word for word: each form once. Not here: jobs that no
// profile serves (problems_test.ts).

import { assertEquals } from "@std/assert";
import type { Finding } from "../../../src/core/event.ts";
import type { SandboxAnswer } from "../../../src/core/life/sandbox.ts";
import { overText } from "../../../src/core/words/conditions.ts";
import { canaryText, launchHostsText, recentFailuresText } from "../../../src/core/words/failures.ts";
import {
  environmentMissing,
  notProvenFinding,
  setKeyHint,
  unassignedJobs,
  wrongKeyFinding,
} from "../../../src/core/words/findings.ts";
import {
  gocdOverdue,
  heartbeatsMissing,
  loopStuckText,
  mesosOverdue,
  serverFailingText,
  standbyText,
  subscriptionUnsteady,
} from "../../../src/core/words/health.ts";
import {
  asOfText,
  brakeOn,
  cpuHoursShort,
  jobsHeldByLimit,
  jobsHeldByShare,
  launchesHeld,
  profileFailing,
  unsubscribed,
  writesRefused,
} from "../../../src/core/words/problems.ts";
import { stderrClause, stderrText } from "../../../src/core/words/sandbox.ts";
import { minute, problem } from "../../support/core.ts";
import { mesosSays, mesosSuspicion } from "../instance_fixtures.ts";

const limit = { kind: "held-limit", limit: 5, allowed: 2 } as const;
const share = { kind: "held-share", share: 0.5, usedCpus: 4.126, clusterCpus: 8 } as const;
const use = { usedHours: 99.9, limitHours: 100, timeZone: "UTC", day: "2026-11-28" };
const key = { registerKey: "k", profiles: ["a"], sinceMs: 7, isAccepted: false };
const cpuHint = "raise scaling.cpu-hours-per-day if today's builds cannot wait, or lower cpus of the profiles";
const proof = "that name is public in Mesos and nothing proves that the agent is ours: not enabled";
const proofHint =
  "set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, " +
  "<server>), or enable it on the Agents page of GoCD if you know it";
const loss =
  "Mesos agents have 10 minutes to come back to a new master. If these agents are really lost: `gocd-mesos " +
  "accept-loss FILE`";

const findings: readonly (readonly [string, () => Finding, Finding])[] = [
  ["an overdue answer of GoCD", () => gocdOverdue(11_000), {
    code: "gocd-overdue",
    message: "the GoCD server has not answered for 11 s",
    hint: "if it lasts, check the load and the log of the GoCD server, and firewalls in between",
  }],
  ["an overdue answer of Mesos", () => mesosOverdue(11_000), {
    code: "mesos-overdue",
    message: "the Mesos master has not answered for 11 s",
    hint: "if it lasts, check the load and the log of the Mesos master, and firewalls in between",
  }],
  ["missing heartbeats", () => heartbeatsMissing(45_000, 15_000), {
    code: "mesos-heartbeats-missing",
    message: "the Mesos master has sent nothing for 45 s; a heartbeat is due every 15 s",
    hint: "nothing to do: after 5 missing heartbeats it reconnects automatically",
  }],
  ["an unsteady subscription", () => subscriptionUnsteady, {
    code: "mesos-unsteady",
    message: "subscriptions to the Mesos master succeed, but keep ending within seconds",
    hint: "check the log of the master, and that no proxy or firewall in between cuts off long responses",
  }],
  ["the first subscription", () => unsubscribed({ kind: "connecting", sinceMs: 0 }), {
    code: "mesos-connecting",
    message: "not subscribed to Mesos: connecting",
    hint: "retried automatically",
  }],
  ["an ended session", () => unsubscribed({ kind: "ended", sinceMs: 0, reason: "removed" }), {
    code: "mesos-ended",
    message: "not subscribed to Mesos: removed",
    hint: "see the log",
  }],
  ["a refused session", () => unsubscribed({ kind: "connecting", sinceMs: 0, reason: "no", hint: "open it" }), {
    code: "mesos-connecting",
    message: "not subscribed to Mesos: no",
    hint: "open it",
  }],
  [
    "records that cannot be deleted",
    () => writesRefused({ kind: "delete", problem: problem(), sinceMs: 0, lastMs: 1 }, 3 * minute),
    {
      code: "gocd-writes-refused",
      message: "no GoCD agent could be deleted for 3 min: no answer",
      hint: "look",
    },
  ],
  [
    "records that cannot be changed",
    () => writesRefused({ kind: "update", problem: problem(), sinceMs: minute, lastMs: 1 }, 3 * minute),
    {
      code: "gocd-writes-refused",
      message: "no GoCD agent could be enabled or disabled for 2 min: no answer",
      hint: "look",
    },
  ],
  ["the brake", () => brakeOn({ ...mesosSuspicion, sinceMs: minute }, 3 * minute), {
    code: "brake-on",
    message:
      "Mesos has lost 1 of our 1 agent, but the GoCD server still has contact with them: it may be another cluster, " +
      "or its master has lost its registry; nothing has been taken down for 2 min",
    hint: `check that mesos-master points to the right cluster; ${loss}`,
  }],
  ["a freeze", () => launchesHeld({ kind: "held-frozen" }), {
    code: "held-frozen",
    message: "launching is frozen by the operator",
    hint: "use Resume on the status page, or `gocd-mesos resume framework.conf`",
  }],
  ["the limit of all", () => jobsHeldByLimit(limit, 1), {
    code: "held-limit",
    message: "1 job is held back: limit reached: scaling.max-agents = 5",
    hint: "raise the limit if the cluster has room, or wait until an agent is idle",
  }],
  ["the limit of a profile", () => jobsHeldByLimit({ ...limit, profile: "gpu", sharedBy: "environment" }, 2), {
    code: "held-limit",
    message: "2 jobs are held back: limit reached: profiles.gpu.max-agents = 5, shared by environment " +
      "(scaling.fair-share)",
    hint: "raise the limit if the cluster has room, or wait until an agent is idle",
    profile: "gpu",
  }],
  ["the share of the cluster", () => jobsHeldByShare(share, 1), {
    code: "held-share",
    message: "1 job is held back: limit reached: scaling.max-cpu-share = 0.5, agents have 4.13 of 8 cpus seen in Mesos",
    hint: "raise the share if the cluster has room, or wait until an agent is idle",
  }],
  ["several jobs at the share", () => jobsHeldByShare(share, 2), {
    code: "held-share",
    message:
      "2 jobs are held back: limit reached: scaling.max-cpu-share = 0.5, agents have 4.13 of 8 cpus seen in Mesos",
    hint: "raise the share if the cluster has room, or wait until an agent is idle",
  }],
  ["most cpu-hours", () => cpuHoursShort(use), {
    code: "cpu-hours-low",
    message: "most cpu-hours of the day are used: 99.9 of 100 (scaling.cpu-hours-per-day), per day in UTC",
    hint: cpuHint,
  }],
  ["all cpu-hours", () => cpuHoursShort({ ...use, usedHours: 100 }), {
    code: "held-cpu-hours",
    message:
      "the cpu-hours of the day are used up: 100 of 100 (scaling.cpu-hours-per-day), per day in UTC; launching " +
      "resumes at midnight",
    hint: cpuHint,
  }],
  ["a key that may not be passed on", () => wrongKeyFinding(key), {
    code: "wrong-auto-register-key",
    message:
      "agents of profile a register as Pending and are enabled individually: the GoCD server does not know the key at k, " +
      "or its image does not pass it on",
    hint: "set k to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>), or remove it there",
    profiles: ["a"],
    subject: "k",
    sinceMs: 7,
  }],
  ["a key that others pass on", () => wrongKeyFinding({ ...key, profiles: ["a", "b"], isAccepted: true }), {
    code: "wrong-auto-register-key",
    message:
      "agents of profiles a, b register as Pending and are enabled individually: their images do not pass on the key at " +
      "k, which the GoCD server accepts from other agents",
    hint: "use an image that passes on AGENT_AUTO_REGISTER_KEY (or AGENT_KEY) to the agent",
    profiles: ["a", "b"],
    subject: "k",
    sinceMs: 7,
  }],
  ["a record without proof", () => notProvenFinding(["t"], ["a"]), {
    code: "pending-not-proven",
    message: `a Pending GoCD agent is named t, but ${proof}`,
    hint: proofHint,
    profiles: ["a"],
  }],
  ["records without proof", () => notProvenFinding(["t", "u", "v"], ["a"]), {
    code: "pending-not-proven",
    message: `a Pending GoCD agent is named t (and 2 more), but ${proof}`,
    hint: proofHint,
    profiles: ["a"],
  }],
  ["an environment that is missing", () => environmentMissing("default", "qa", false), {
    code: "environment-missing",
    message: 'environment "qa" of profile "default" is not on the GoCD server: it gets no jobs from there',
    hint: "create the environment in GoCD, or correct go-agent.environments",
    profiles: ["default"],
  }],
  ["a missing environment of idle agents", () => environmentMissing("gpu", "qa", true), {
    code: "environment-missing",
    message: 'environment "qa" of profile "gpu" is not on the GoCD server: its min-idle agents are not launched',
    hint: "create the environment in GoCD, or correct profiles.gpu.environments",
    profiles: ["gpu"],
  }],
  ["jobs that GoCD reports", () => unassignedJobs("c", ["x", "y"]), {
    code: "c",
    message: "GoCD itself reports 2 jobs without an agent for more than 5 min, e.g. x",
    hint: "the list of waiting jobs on the status page says why each waits, as does `gocd-mesos plan FILE --jobs`; " +
      "`gocd-mesos why FILE JOB` explains one in full",
    locators: ["x", "y"],
  }],
];

for (const [name, told, finding] of findings) {
  Deno.test(`${name} is reported as ${finding.code}: "${finding.message.slice(0, 60)}…"`, () => {
    assertEquals(told(), finding);
  });
}

Deno.test("only a key that is set for a profile alone may as well be removed", () => {
  const set = (registerKey: string): string => setKeyHint(registerKey).replace(/.*<server>\)/, "");
  assertEquals(["go-agent.auto-register-key", "go-agent.auto-register-key-file", "profiles.b.env.KEY"].map(set), [
    "",
    "",
    ", or remove it there",
  ]);
});

Deno.test("a failing profile is reported with its full last error, the stderr of its container, and its recent failures", () => {
  const stderr = { taskId: "t", host: "h", answer: { kind: "read", text: "out of disk" } } as const;
  const failing = (message: string, changes: object = {}): Finding =>
    profileFailing("linux", { why: "blocked", failure: mesosSays(message), recent: {}, ...changes });
  const hint = "check docker-image and the other settings of profile linux";
  assertEquals(failing("no image"), {
    code: "profile-failing",
    message: "profile linux: blocked",
    hint,
    profile: "linux",
  });
  const message = `Failed to run '${"docker pull x ".repeat(20)}'; stderr='access denied\n'`;
  assertEquals(failing(message, { stderr, recent: { pull: 2, exit: 1 } }), {
    code: "profile-failing",
    message: "profile linux: blocked; in the last hour: 2 × image not pulled, 1 × exited",
    hint,
    detail: `${message}\nlast lines of stderr of t on h:\nout of disk`,
    profile: "linux",
  });
  assertEquals(failing("no image", { stderr }).detail, "last lines of stderr of t on h:\nout of disk");
});

Deno.test("recent failures are reported by kind, and not at all if there are none or they are not counted", () => {
  assertEquals([recentFailuresText(), recentFailuresText({}), recentFailuresText({ pull: 0 })], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(
    recentFailuresText({ register: 1, launch: 2 }),
    "in the last hour: 2 × container not started, 1 × not registered",
  );
});

Deno.test("while a breaker lets one agent through, that agent is reported", () => {
  const tried = "after failed launches one agent is tried first";
  assertEquals([
    canaryText({ state: "half-open", sinceMs: 0, failure: "e" }),
    canaryText({ state: "half-open", sinceMs: 0, failure: "e", canary: "t" }),
  ], [`${tried}, as soon as a job needs it`, `${tried}: t`]);
});

Deno.test("stderr is reported in full below its host, and in a sentence by its last two lines with content", () => {
  const tail = (answer: SandboxAnswer): Parameters<typeof stderrText>[0] => ({ taskId: "t", host: "h", answer });
  const read = (text: string): ReturnType<typeof tail> => tail({ kind: "read", text });
  const refused = tail({ kind: "not-allowed", host: "h:5051" });
  const failed = tail({ kind: "failed", message: "404" });
  assertEquals([read(""), read("a\nb"), refused, failed].map(stderrText), [
    "stderr of t on h is empty",
    "last lines of stderr of t on h:\na\nb",
    "stderr of t on h was not read: add h:5051 to mesos.allowed-hosts so that it can be read",
    "stderr of t on h was not read: 404",
  ]);
  assertEquals([undefined, refused, failed, read(""), read(" \n \n")].map(stderrClause), Array(5).fill(undefined));
  assertEquals([read("a"), read("a\n\n  b \n c\n\n")].map(stderrClause), [
    'its stderr ends with "a"',
    'its stderr ends with "b / c"',
  ]);
  const long = "x".repeat(161);
  assertEquals(stderrClause(read("x".repeat(160))), `its stderr ends with "${"x".repeat(160)}"`);
  assertEquals(stderrClause(read(long)), `its stderr ends with "${"x".repeat(160)}…"`);
  assertEquals(stderrClause(read(`a\n${"x".repeat(157)}`)), `its stderr ends with "a / ${"x".repeat(156)}…"`);
});

Deno.test("what is wrong is reported with how long it has been so", () => {
  assertEquals(
    [
      serverFailingText("GoCD", 3 * minute, gocdOverdue(0)),
      loopStuckText(61_999),
      standbyText(undefined),
      standbyText("b:8090"),
      asOfText("an agent is needed", 3 * minute, "no answer"),
      overText("no answer", 3 * minute),
    ],
    [
      "GoCD has been failing for 3 min: the GoCD server has not answered for 0 s",
      "the scheduler has not handled an event for 61 s",
      "on standby: no leader is known",
      "on standby: b:8090 leads",
      "an agent is needed (as of 3 min ago: no answer)",
      "over after 3 min: no answer",
    ],
  );
});

const blames = [
  [{ failed: 3, tried: 3 }, "launches failed on 3 of 3 hosts tried: probably the image or its settings, not a host"],
  [{ failed: 2, tried: 3 }, "launches failed on 2 of 3 hosts tried"],
  [{ failed: 1, tried: 3, only: "h1" }, "launches failed only on h1, of 3 hosts tried: probably that host"],
  [{ failed: 1, tried: 1, only: "h1" }, "launches failed on h1, the only host tried"],
] as const;
for (const [hosts, text] of blames) {
  Deno.test(`failures on ${hosts.failed} of ${hosts.tried} hosts point to ${text.split(": ")[1] ?? "neither"}`, () => {
    assertEquals(launchHostsText(hosts), text);
  });
}
