// The next act for each reason of a waiting job. Not here: single failures and hosts (acts_test.ts).

import { assertEquals } from "@std/assert";
import type { Reason, ReasonCode, Remark } from "../../../src/core/demand/reason.ts";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import { nextAct, offerlessHint } from "../../../src/core/words/acts.ts";
import { zeroMs } from "../../support/core.ts";
import { mesosSays, mesosSuspicion } from "../instance_fixtures.ts";

const job: Omit<JobVerdict, "reason"> = {
  locator: "p/1/s/1/j",
  name: "j",
  gocdResources: [],
  firstSeenMs: zeroMs,
  verdict: "needs-agent",
  profile: "linux",
};

const waits = "nothing, this continues automatically";
const resume = "use Resume on the status page, or `gocd-mesos resume framework.conf`";
const retry = "; once fixed, `gocd-mesos resume framework.conf` retries at once";
const failure = mesosSays("no image");

/** By the code of the reason, so that the compiler misses none; without an act: the reason says itself what to do. */
const acts: { readonly [K in ReasonCode]: readonly (readonly [Extract<Reason, { kind: K }>, string?])[] } = {
  "run-on-all": [[{ kind: "run-on-all" }]],
  "elastic": [[
    { kind: "elastic", elasticProfile: "k8s" },
    "nothing here; if it waits for long, check the agents of the plugin in GoCD",
  ]],
  "needs-unknown": [
    [
      { kind: "needs-unknown", why: "unconfigured", cause: "c" },
      "cancel its stage, or run it again so that its jobs match the configuration",
    ],
    [
      { kind: "needs-unknown", why: "unread", cause: "c" },
      "let the account of go-server read the configuration of the pipeline and of its template (administrator of GoCD, or " +
      "of the pipeline's group)",
    ],
  ],
  "ignored": [[
    { kind: "ignored", pattern: "p/*" },
    "nothing; if it should be served, remove the pattern from poller.ignore",
  ]],
  "resourceless-ignored": [[
    { kind: "resourceless-ignored" },
    'give the job a resource, or set poller.resourceless-jobs = "serve"',
  ]],
  "no-profile": [[{ kind: "no-profile" }]],
  "no-profile-resources": [[
    { kind: "no-profile-resources", nearest: "linux", missing: ["x"], lacksEnvironment: false, isElsewhere: false },
  ]],
  "no-profile-environment": [[{ kind: "no-profile-environment", nearest: "linux" }]],
  "no-profile-group": [[{ kind: "no-profile-group", nearest: "linux", pipelineGroup: "mobile" }]],
  "idle-agent": [[{ kind: "idle-agent", names: ["a"] }, waits]],
  "agent-coming": [[{ kind: "agent-coming", names: ["a"] }, waits]],
  "enabling-again": [[{ kind: "enabling-again" }, waits]],
  "maintenance": [[
    { kind: "maintenance", mode: "maintenance mode" },
    "end the mode in GoCD (Admin > Server Maintenance Mode)",
  ]],
  "idle-unused": [[{ kind: "idle-unused", host: "h", idleMs: 1 }]],
  "left-before": [[
    { kind: "left-before", untilMs: 1 },
    "look for an elastic profile, a removed pipeline, or messages from GoCD",
  ]],
  "zombie": [[{ kind: "zombie", waitedMs: 1, limitMs: 1, passedOver: 2, untilMs: 1 }]],
  "held-attempts": [[
    { kind: "held-attempts", polls: 1, attempts: 2 },
    `${waits}; a lower poller.attempts makes it faster`,
  ]],
  "held-limit": [[
    { kind: "held-limit", limit: 5, allowed: 0 },
    "raise the limit if the cluster has room, or wait until an agent is idle",
  ]],
  "held-rate": [[
    { kind: "held-rate", perMinute: 10 },
    `${waits}; scaling.slow-server-launches-per-minute is the limit`,
  ]],
  "held-pace": [[
    { kind: "held-pace", key: "scaling.launches-per-minute", limit: 10 },
    `${waits}; scaling.launches-per-minute is the limit`,
  ]],
  "held-cpu-hours": [[
    { kind: "held-cpu-hours", usedHours: 2, limitHours: 2, timeZone: "UTC" },
    "raise scaling.cpu-hours-per-day if today's builds cannot wait, or lower cpus of the profiles",
  ]],
  "held-share": [[
    { kind: "held-share", share: 0.5, usedCpus: 4, clusterCpus: 8 },
    "raise scaling.max-cpu-share, or wait until an agent is idle",
  ]],
  "held-breaker": [[
    { kind: "held-breaker", failure, retryMs: 1, failures: 1 },
    `check docker-image and the other settings of profiles.linux${retry}`,
  ]],
  "held-probe": [[
    { kind: "held-probe", failure, failures: 3 },
    `check docker-image and the other settings of profiles.linux${retry}`,
  ]],
  "held-frozen": [[{ kind: "held-frozen" }, resume]],
  "held-mode": [
    [{ kind: "held-mode", mode: "drain" }, resume],
    [{ kind: "held-mode", mode: "teardown" }, "wait until it ends, then start gocd-mesos again"],
  ],
  "held-stale": [[{ kind: "held-stale", forMs: 1 }]],
  "held-maintenance": [[{ kind: "held-maintenance", mode: "drain mode" }]],
  "held-brake": [[
    { kind: "held-brake", suspicion: mesosSuspicion },
    "check that go-server.url and mesos-master point to the right servers; if those agents are really lost: " +
    "`gocd-mesos accept-loss framework.conf`",
  ]],
  "held-restarted": [[{ kind: "held-restarted" }, "nothing, it ends within 2 min"]],
  "held-no-session": [
    [{ kind: "held-no-session", hint: "open the port" }, "open the port"],
    [{ kind: "held-no-session" }, "nothing, the connection is retried; if it lasts, check the Mesos masters"],
  ],
  "held-invalid": [[
    { kind: "held-invalid", problem: { what: "resource", name: "a,b", flaw: "characters" } },
    "rename the resource or the environment in GoCD",
  ]],
  "no-fitting-offer": [[
    { kind: "no-fitting-offer", miss: {} },
    "request less in profiles.linux (cpus, mem, disk), or add capacity to the cluster",
  ]],
  "no-offer": [[{ kind: "no-offer", role: "ci" }, offerlessHint]],
  "launching": [[
    { kind: "launching" },
    "nothing, unless it lasts: then the cluster has no room for the role of the profile",
  ]],
};

for (const [code, cases] of Object.entries(acts)) {
  Deno.test(`the hint for a job with the reason ${code} fits it`, () => {
    for (const [reason, act] of cases) assertEquals(nextAct({ ...job, reason }), act);
  });
}

const remarks: readonly (readonly [Remark, string?])[] = [
  [{ kind: "agents-disabled", counts: [] }, "enable those agents in GoCD, if they should build"],
  [{ kind: "agents-lost", counts: [] }, "check the machines of those agents"],
  [{ kind: "agents-missing", counts: [] }, "check the machines of those agents"],
  [{ kind: "agents-pending", counts: [] }, "enable those agents in GoCD, if they should build"],
  [
    { kind: "agent-environment-unknown", host: "h", environments: ["e"] },
    "correct the environments of that agent in GoCD",
  ],
  [
    { kind: "agent-in-no-environment", host: "h" },
    "put that agent into the environment in GoCD, if it should build there",
  ],
  [{ kind: "agent-in-environment", host: "h", environments: ["e"] }],
  [{ kind: "gocd-job-unassigned" }],
];

for (const [remark, act] of remarks) {
  Deno.test(`the hint of the remark ${remark.kind} comes before that of the reason, but not after a restart of GoCD`, () => {
    const withRemark = (reason: Reason): string | undefined => nextAct({ ...job, reason, remarks: [remark] });
    assertEquals(withRemark({ kind: "run-on-all" }), act);
    assertEquals(withRemark({ kind: "idle-agent", names: [] }), act === undefined ? waits : `${act}; or ${waits}`);
    assertEquals(withRemark({ kind: "held-restarted" }), "nothing, it ends within 2 min");
  });
}
