// Texts about waiting jobs, offers and hosts: each note and each of its forms once.

import type { BucketDemand, JobVerdict } from "../../../src/core/demand/verdict.ts";
import { minute, zeroMs } from "../../support/core.ts";
import { aBucket, mesosSays } from "../instance_fixtures.ts";
import { testNotes } from "./note_rows.ts";

const bucket = aBucket("k", {
  environment: "prod",
  waiting: 2,
  needsAgent: 2,
  wanted: 1,
  remarks: [{ kind: "agent-in-no-environment", host: "h" }],
});
const { profile: _, ...unserved }: BucketDemand = aBucket("k", {
  gocdResources: [],
  needsAgent: 0,
  unserved: 1,
  wanted: 0,
});
const totals = { waiting: 9, willBeTaken: 1, coming: 2, otherCause: 2, needsAgent: 3, unserved: 1, wanted: 1 };
const schedule = { from: "0 7 * * *", to: "0 19 * * *", timeZone: "Europe/Berlin" };
const job: JobVerdict = {
  locator: "p/1/s/1/j",
  name: "j",
  gocdResources: ["gpu"],
  environment: "prod",
  verdict: "unserved",
  reason: { kind: "no-profile" },
  firstSeenMs: 0,
};
const untaken = {
  jobs: 4,
  polls: 3,
  need: { gocdResources: ["linux"] },
  waitedMs: 5 * minute,
  attempts: 2,
  intervalMs: 3 * minute,
};
const launched = { taskId: "t", profile: "linux", host: "h", gocdResources: ["linux"] };

testNotes([
  [
    {
      kind: "demand-changed",
      totals,
      kinds: 2,
      gates: [{ kind: "held-frozen" }, { kind: "held-mode", mode: "drain" }],
    },
    "info demand-changed: 9 jobs wait, of 2 kinds: 1 will be taken by idle agents; 2 will be taken by agents on " +
    "their way; 2 wait for another reason; 3 need an agent; 1 unserved; launching is frozen by the operator; " +
    "draining: nothing is launched",
    { waiting: 9, needsAgent: 3, wanted: 1 },
  ],
  [
    {
      kind: "demand-changed",
      totals: { ...totals, waiting: 1, needsAgent: 1, wanted: 0 },
      kinds: 1,
      only: bucket,
      gates: [],
    },
    "info demand-changed: 2 jobs wait (linux in environment prod) for profile default: 2 need an agent; agent h is " +
    "idle and has the resources, but is in no environment",
    { waiting: 1, needsAgent: 1, wanted: 0 },
  ],
  [
    { kind: "bucket-changed", bucket },
    "debug bucket-changed: 2 jobs wait (linux in environment prod) for profile default: 2 need an agent; agent h is " +
    "idle and has the resources, but is in no environment",
    { waiting: 2, needsAgent: 2, wanted: 1 },
  ],
  [{ kind: "bucket-changed", bucket: unserved }, "debug bucket-changed: 1 job waits (no resources): 1 unserved", {
    waiting: 1,
    needsAgent: 0,
    wanted: 0,
  }],
  [
    {
      kind: "schedule-in-force",
      profile: "linux",
      schedule: { ...schedule, minIdle: 2, headroom: { kind: "count", agents: 3 } },
      forMs: 3_600_000,
    },
    "info schedule-in-force: profile linux keeps min-idle = 2, headroom = 3 for 60 min, by the schedule from 0 7 * * " +
    "* to 0 19 * * * (Europe/Berlin)",
    { profile: "linux" },
  ],
  [
    {
      kind: "schedule-in-force",
      profile: "linux",
      schedule: { ...schedule, minIdleOf: { "": 1, prod: 2 }, idleTimeoutMs: 300_000 },
    },
    "info schedule-in-force: profile linux keeps min-idle = { none = 1, prod = 2 }, idle-timeout = 5 min, by the " +
    "schedule from 0 7 * * * to 0 19 * * * (Europe/Berlin)",
    { profile: "linux" },
  ],
  [
    {
      kind: "schedule-in-force",
      profile: "linux",
      schedule: { ...schedule, headroom: { kind: "share", percent: 20 } },
    },
    "info schedule-in-force: profile linux keeps headroom = 20%, by the schedule from 0 7 * * * to 0 19 * * * " +
    "(Europe/Berlin)",
    { profile: "linux" },
  ],
  [
    { kind: "schedule-over", profile: "linux", schedule },
    "info schedule-over: the schedule of profile linux from 0 7 * * * to 0 19 * * * (Europe/Berlin) is over",
    { profile: "linux" },
  ],
  [{ kind: "demand-none" }, "info demand-none: no job waits for an agent of ours", {}],
  [
    { kind: "job-unserved", job },
    "warning job-unserved: no profile serves p/1/s/1/j (gpu in environment prod): no profile is configured",
    { locator: "p/1/s/1/j", reasonCode: "no-profile" },
  ],
  [
    { kind: "job-other-cause", job: { ...job, reason: { kind: "left-before", untilMs: zeroMs + 30_000 } } },
    "warning job-other-cause: p/1/s/1/j waits, but not for an agent: an idle matching agent did not take it before, " +
    "so another agent would not help; next try at 2023-11-14T22:13:50Z",
    { locator: "p/1/s/1/j", reasonCode: "left-before" },
  ],
  [
    {
      kind: "jobs-left-untaken",
      ...untaken,
      last: { ...job, reason: { kind: "held-attempts", polls: 1, attempts: 2 } },
    },
    "warning jobs-left-untaken: 4 jobs (linux) were cancelled before an agent could take them, in 3 polls, the last " +
    "one p/1/s/1/j: GoCD cancels a job that waits longer than its job timeout, and they had waited for at least 5 " +
    "min | an agent is launched for what was seen in more than 2 polls, one every 3 min, so only after 6 min to 9 " +
    "min: lower poller.interval or poller.attempts, or give the jobs a longer timeout in GoCD",
    { jobs: 4, polls: 3, reasonCode: "held-attempts" },
  ],
  [
    { kind: "jobs-left-untaken", ...untaken, last: { ...job, reason: { kind: "agent-coming", names: ["t"] } } },
    "warning jobs-left-untaken: 4 jobs (linux) were cancelled before an agent could take them, in 3 polls, the last " +
    "one p/1/s/1/j: GoCD cancels a job that waits longer than its job timeout, and they had waited for at least 5 " +
    "min | their agents do not start in time: lower poller.interval or poller.attempts, or give the jobs a longer " +
    "timeout in GoCD",
    { jobs: 4, polls: 3, reasonCode: "agent-coming" },
  ],
  [
    {
      kind: "jobs-left-untaken",
      ...untaken,
      last: { ...job, reason: { kind: "idle-agent", names: ["a", "b", "c", "d"] } },
    },
    "warning jobs-left-untaken: 4 jobs (linux) were cancelled before an agent could take them, in 3 polls, the last " +
    "one p/1/s/1/j: GoCD cancels a job that waits longer than its job timeout, and they had waited for at least 5 " +
    "min | what they last waited for: an idle agent can take it: a, b, c and 1 more",
    { jobs: 4, polls: 3, reasonCode: "idle-agent" },
  ],
  [
    { kind: "agent-sick", uuid: "u", hostname: "h", jobs: 3, isOurs: true },
    "warning agent-sick: agent h is idle and in contact, but takes no jobs: 3 jobs waited until other agents took " +
    "them; it is drained | check the log of the agent h",
    { uuid: "u", hostname: "h" },
  ],
  [
    { kind: "agent-sick", uuid: "u", hostname: "h", jobs: 3, isOurs: false },
    "warning agent-sick: agent h is idle and in contact, but takes no jobs: 3 jobs waited until other agents took " +
    "them; it is not counted | check the log of the agent h, or disable or restart it",
    { uuid: "u", hostname: "h" },
  ],
  [
    {
      kind: "agent-launched",
      ...launched,
      environment: "prod",
      why: { kind: "jobs", jobs: 1, gocdResources: ["linux"], polls: 1, coming: 0 },
    },
    "info agent-launched: launching t on h (linux in environment prod): 1 job (linux) waited in 1 poll",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    {
      kind: "agent-launched",
      ...launched,
      why: { kind: "jobs", jobs: 2, gocdResources: [], environment: "prod", polls: 3, coming: 1 },
    },
    "info agent-launched: launching t on h (linux): 2 jobs (no resources in environment prod) waited in 3 polls, 1 " +
    "coming",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "min-idle", minIdle: 2, ready: 1 } },
    "info agent-launched: launching t on h (linux): min-idle = 2, 1 ready",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "min-idle", minIdle: 2, ready: 1, schedule } },
    "info agent-launched: launching t on h (linux): min-idle = 2 by the schedule from 0 7 * * * to 0 19 * * * " +
    "(Europe/Berlin), 1 ready",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "headroom", headroom: 2, busy: 10, ready: 1 } },
    "info agent-launched: launching t on h (linux): headroom: 2 idle beside 10 busy, 1 ready",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "headroom", headroom: 2, busy: 10, ready: 1, schedule } },
    "info agent-launched: launching t on h (linux): headroom: 2 idle beside 10 busy by the schedule from 0 7 * * * " +
    "to 0 19 * * * (Europe/Berlin), 1 ready",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "canary" } },
    "info agent-launched: launching t on h (linux): the operator wants to see whether its profile works",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "agent-launched", ...launched, why: { kind: "hung-build", taskId: "g" } },
    "info agent-launched: launching t on h (linux): g is lost with a build, which the GoCD server assigns to another " +
    "agent only while some agent is in contact",
    { taskId: "t", profile: "linux", host: "h" },
  ],
  [
    { kind: "no-fitting-offer", profile: "linux", miss: {} },
    "info no-fitting-offer: no Mesos offer fits profile linux: no offers available",
    { profile: "linux" },
  ],
  [
    { kind: "host-avoided", host: "h", forMs: 600_000, failures: 3, failure: mesosSays("no image") },
    "warning host-avoided: host h is avoided for 10 min: 3 agents failed there (no image)",
    { host: "h" },
  ],
  [
    {
      kind: "host-avoided",
      host: "h",
      profile: "linux",
      forMs: 600_000,
      failures: 2,
      failure: { kind: "lost-contact" },
    },
    "warning host-avoided: host h is avoided by profile linux for 10 min: 2 agents failed there (the GoCD server has " +
    "lost contact with it)",
    { host: "h" },
  ],
  [
    { kind: "no-offer", role: "ci", profile: "linux" },
    "warning no-offer: Mesos has made no offer to role ci for over a minute, and profile linux has agents to launch " +
    "| " +
    "check in Mesos that its quota is not used up, and that a host which meets the constraints of the profile has " +
    "enough unreserved resources free",
    { role: "ci", profile: "linux" },
  ],
  [
    { kind: "roles-ignored", masterVersion: "1.1.3", roles: ["ci", "qa", "web"] },
    "warning roles-ignored: Mesos 1.1.3 does not support frameworks with several roles (1.2 and later do): role ci " +
    'gets the offers of role *, without reserved resources, and qa, web gets none | write mesos.role = "*", or ' +
    "upgrade Mesos",
    { roles: "ci,qa,web" },
  ],
  [
    { kind: "roles-ignored", masterVersion: "1.1.3", roles: ["ci"] },
    "warning roles-ignored: Mesos 1.1.3 does not support frameworks with several roles (1.2 and later do): role ci " +
    'gets the offers of role *, without reserved resources | write mesos.role = "*", or upgrade Mesos',
    { roles: "ci" },
  ],
  [
    { kind: "roles-ignored", masterVersion: "1.1.3", roles: [] },
    "warning roles-ignored: Mesos 1.1.3 does not support frameworks with several roles (1.2 and later do): role * " +
    'gets the offers of role *, without reserved resources | write mesos.role = "*", or upgrade Mesos',
    { roles: "" },
  ],
]);
