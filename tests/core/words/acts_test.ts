// What `why` and the log say is to be done: the act fits what is wrong.

import { assertEquals } from "@std/assert";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import type { Refusal } from "../../../src/core/placement/reason.ts";
import { nextAct } from "../../../src/core/words/acts.ts";
import { failureText } from "../../../src/core/words/causes.ts";
import { noteLine } from "../../../src/core/words/notes.ts";
import { profileFailing } from "../../../src/core/words/problems.ts";
import { zeroMs } from "../../support/core.ts";

const job: Omit<JobVerdict, "reason"> = {
  locator: "p/1/s/1/j",
  name: "j",
  gocdResources: [],
  firstSeenMs: zeroMs,
  verdict: "needs-agent",
  profile: "linux",
};

const refusals: readonly (readonly [Refusal, string])[] = [
  [
    { kind: "max-per-host", limit: 2, profile: "linux" },
    "raise profiles.linux.max-per-host, or add hosts to the cluster",
  ],
  [
    { kind: "constraint", constraint: { field: "rack", operator: "equals", value: "r1" } },
    "correct profiles.linux.constraints, or add hosts that meet them",
  ],
  [
    { kind: "other-role", role: "*", wanted: "ci" },
    "reserve resources for the role of profiles.linux, or choose another role",
  ],
  [
    { kind: "maintenance", startsInMin: 5 },
    "wait until the maintenance of those hosts is over, or lower scaling.maintenance-lead",
  ],
  [
    { kind: "avoided-host", avoided: { forMs: 60_000, failure: { kind: "lost-contact" } } },
    "correct what has failed on those hosts, or wait: they are tried again automatically",
  ],
  [{ kind: "accept-full", limit: 100 }, "nothing, this continues automatically"],
];

for (const [refusal, want] of refusals) {
  Deno.test(`if all offers are refused by ${refusal.kind}, the hint is about that, not about cpus`, () => {
    const miss = { refused: { refusal, offers: 3, others: 0 } };
    assertEquals(nextAct({ ...job, reason: { kind: "no-fitting-offer", miss } }), want);
  });
}

Deno.test("if a host only lacks room, the hint is to request less or to add capacity", () => {
  const nearest = {
    hostname: "h1",
    shortfalls: [{ name: "cpus", needed: 2000, offered: 1000 }],
    tasksPlaced: 0,
    holdsLabelled: false,
  } as const;
  const refused = { refusal: { kind: "max-per-host", limit: 2, profile: "linux" }, offers: 3, others: 0 } as const;
  for (const miss of [{ nearest, refused }, { nearest }, {}]) {
    assertEquals(
      nextAct({ ...job, reason: { kind: "no-fitting-offer", miss } }),
      "request less in profiles.linux (cpus, mem, disk), or add capacity to the cluster",
    );
  }
});

Deno.test("a Mesos agent that does not run Docker containers is named as such wherever the failure is reported", () => {
  // As Mesos 1.12 says it; why is only in the log of the Mesos agent.
  const message = "Abnormal executor termination: unknown container";
  const failure = { kind: "mesos", message } as const;
  const act = "see the log of the Mesos agent: without --containerizers=docker,mesos it runs no containers of Docker";
  const launch = noteLine(
    {
      kind: "launch-failed",
      taskId: "t",
      profile: "linux",
      host: "h1",
      state: "TASK_FAILED",
      message,
      meaning: "task",
    },
    zeroMs,
  );
  const failing = noteLine(
    { kind: "profile-failing", profile: "linux", failures: 3, failure, retryInMs: 1000 },
    zeroMs,
  );
  assertEquals([launch.hint, failing.hint], [act, `${act}; once fixed, \`gocd-mesos resume FILE\` retries at once`]);
  assertEquals(profileFailing("linux", { why: "blocked", failure, recent: {} }).hint, act);
  assertEquals(
    nextAct({ ...job, reason: { kind: "held-probe", failure, failures: 3 } }),
    `${act}; once fixed, \`gocd-mesos resume framework.conf\` retries at once`,
  );
});

Deno.test("of a long error, the message of Docker is reported, without surrounding spaces", () => {
  const said = "Error response from daemon: pull access denied for x, repository does not exist";
  const message = `Failed to launch container: Failed to run '${"docker pull x ".repeat(12)}': exited with status 1; ` +
    `stderr='${said} \n'`;
  assertEquals(failureText({ kind: "mesos", message }), said);
  assertEquals(failureText({ kind: "mesos", message: message.replace(" \n'", "'") }), said);
});
