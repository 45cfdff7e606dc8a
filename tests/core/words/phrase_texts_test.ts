// Parts of other texts: names, verdicts, ends of instances, what is kept idle; each form once.

import { assertEquals } from "@std/assert";
import type { Remark } from "../../../src/core/demand/reason.ts";
import type { AgentInstance, DrainStep } from "../../../src/core/instance.ts";
import type { Schedule } from "../../../src/core/settings.ts";
import type { InstanceLife } from "../../../src/core/view/history.ts";
import type { JobView } from "../../../src/core/view/view.ts";
import { longWait } from "../../../src/core/words/conditions.ts";
import { gateText } from "../../../src/core/words/gates.ts";
import { lifeEndText } from "../../../src/core/words/history.ts";
import { instanceText } from "../../../src/core/words/instances.ts";
import { environmentNameProblem, gocdResourceProblem, registrationProblemText } from "../../../src/core/words/names.ts";
import { noteLine } from "../../../src/core/words/notes.ts";
import {
  counted,
  describeJobNeed,
  isAct,
  listNames,
  memoryText,
  numberText,
  profileKey,
  quotedName,
  timeText,
} from "../../../src/core/words/phrases.ts";
import { remarkText, serverProblemText, verdictText } from "../../../src/core/words/reasons.ts";
import { adoptedText, unreachableText } from "../../../src/core/words/stored.ts";
import { keptText } from "../../../src/core/words/upkeep.ts";
import { verdictKinds, verdictWords } from "../../../src/core/words/verdicts.ts";
import { linux, minute, problem, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, mesosSays } from "../instance_fixtures.ts";

Deno.test("memory is reported in GB if that is exact or large, otherwise in MB", () => {
  assertEquals([0, 32, 512, 1_000, 1_024, 1_536, 2_000, 8_192, 100_000.5].map(memoryText), [
    ...["0 MB", "32 MB", "512 MB", "1000 MB", "1 GB", "1.5 GB", "2000 MB", "8 GB", "97.7 GB"],
  ]);
});

Deno.test("a count of one is in the singular, zero and more in the plural", () => {
  assertEquals([counted(0, "agent"), counted(1, "agent"), counted(2, "agent"), counted(2, "job is", "jobs are")], [
    "0 agents",
    "1 agent",
    "2 agents",
    "2 jobs are",
  ]);
});

Deno.test("large numbers have separators of thousands, also where they are counted", () => {
  assertEquals([0, 999, 1_000, 10_000, 1_234_567].map(numberText), ["0", "999", "1,000", "10,000", "1,234,567"]);
  assertEquals(counted(10_000, "job"), "10,000 jobs");
});

Deno.test("of many names, three are reported, with the number of others", () => {
  assertEquals([listNames(["a"]), listNames(["a", "b", "c"]), listNames(["a", "b", "c", "d", "e"])], [
    "a",
    "a, b, c",
    "a, b, c and 2 more",
  ]);
});

Deno.test("a profile is named by its place in the configuration", () => {
  assertEquals([profileKey(), profileKey("default"), profileKey("gpu")], ["go-agent", "go-agent", "profiles.gpu"]);
});

Deno.test("external names are quoted, and limited to sixty characters", () => {
  assertEquals([quotedName('a"b'), quotedName("x".repeat(60)), quotedName("x".repeat(61))], [
    '"a\\"b"',
    `"${"x".repeat(60)}"`,
    `"${"x".repeat(60)}…"`,
  ]);
});

Deno.test("the needs of a job are reported as far as they are known", () => {
  const need = (reasonCode: JobView["reasonCode"]): string =>
    describeJobNeed({ gocdResources: [], environment: "prod", reasonCode });
  assertEquals([need("needs-unknown"), need("launching")], [
    "unknown resources in environment prod",
    "no resources in environment prod",
  ]);
});

Deno.test("a hint that there is nothing to do is not a next step", () => {
  assertEquals([isAct("nothing to do: it reconnects"), isAct("check the port")], [false, true]);
});

Deno.test("names that GoCD refuses are reported with what is wrong with them", () => {
  const long = "x".repeat(256);
  assertEquals([" ", long, "a,b", "linux"].map(gocdResourceProblem), [
    "a resource must not be empty",
    "it has more than 255 characters",
    "only letters, digits, spaces, and - _ . | are allowed",
    undefined,
  ]);
  assertEquals(["", long, ".a", "prod"].map(environmentNameProblem), [
    "the name of an environment must not be empty",
    "it has more than 255 characters",
    "only letters, digits, and - _ . are allowed, and no dot in front",
    undefined,
  ]);
  assertEquals([
    registrationProblemText({ what: "resource", name: "", flaw: "empty" }),
    registrationProblemText({ what: "environment", name: ".a", flaw: "characters" }),
  ], [
    'the GoCD server would refuse an agent with the resource "": a resource must not be empty',
    'the GoCD server would refuse an agent in the environment ".a": only letters, digits, and - _ . are allowed, and no ' +
    "dot in front",
  ]);
});

Deno.test("why an instance ended is reported by what Mesos said, by why it was killed, or by both", () => {
  const end = (life: Partial<InstanceLife>): string => lifeEndText(life as InstanceLife);
  assertEquals([
    end({}),
    end({ end: "unseen", message: "m" }),
    end({ end: "exited", message: "m" }),
    end({ end: "stopped", kill: "drained", message: "m" }),
    end({ end: "never-registered", kill: "register-timeout", message: "m" }),
    end({ end: "stopped", message: "m" }),
    end({ end: "lost", kill: "drained" }),
    end({ end: "lost", kill: "by-mesos", message: "m" }),
  ], [
    "",
    "it was gone when the program checked again",
    "m",
    "no longer needed",
    "did not register in time",
    "removed by gocd-mesos",
    "no longer needed",
    "Mesos stopped it; m",
  ]);
});

Deno.test("what is stored with an instance says how it came to be known, or how long it was away", () => {
  assertEquals([adoptedText("mesos"), adoptedText("gocd"), adoptedText("duplicate"), unreachableText(3 * minute)], [
    "adopted: Mesos knew it, the store did not",
    "adopted: the GoCD server knew it, the store did not",
    "adopted: its id is already in use",
    "unreachable for 3 min",
  ]);
});

Deno.test("each verdict has its words, the most urgent first", () => {
  assertEquals(verdictKinds.map((kind) => `${kind}: ${verdictWords[kind].label}, ${verdictWords[kind].meaning}`), [
    "needs-agent: needs agent, one must be launched",
    "unserved: unserved, by any profile",
    "other-cause: other cause, another agent would not help",
    "coming: coming, an agent is starting",
    "will-be-taken: will be taken, by an idle agent",
    "not-ours: not ours, pinned to one agent, elastic, or ignored",
  ]);
});

Deno.test("a long wait is reported one job by its locator, of several by the first of them, with the act if there is one", () => {
  const first = { locator: "p/1/s/1/j", firstSeenMs: zeroMs, reason: "no room" } as JobView;
  const at = zeroMs + 3 * minute;
  assertEquals([longWait(first, 1, at), longWait({ ...first, nextAct: "add hosts" }, 2, at)], [
    { text: "p/1/s/1/j has waited for 3 min: no room", hint: "" },
    { text: "2 jobs like p/1/s/1/j wait, the first for 3 min: no room", hint: "add hosts" },
  ]);
});

Deno.test("an agent with an incomplete record is reported as such, whatever else it waits for", () => {
  const instance = anInstance("t", {
    state: "registered",
    uuid: "u",
    activity: { kind: "idle", sinceMs: zeroMs },
    gap: { sinceMs: zeroMs },
  }, { retire: "surplus" });
  assertEquals(instanceText(instance), "its record does not show yet what it was launched with");
});

Deno.test("an idle agent and one that is drained say when they are removed, if that is known", () => {
  const at = zeroMs + minute;
  const when = "at 2023-11-14T22:14:20Z";
  const idle = aRegistered("t", "idle");
  const drained = (step: DrainStep): AgentInstance =>
    anInstance("t", { state: "draining", sinceMs: zeroMs, uuid: "u", reason: "idle", step });
  assertEquals(instanceText(idle), "");
  assertEquals(instanceText(idle, { idleUntilMs: at }), `drained ${when} if still idle`);
  assertEquals(
    instanceText(idle, { idleUntilMs: at, isKept: true }),
    `drained ${when} if still idle, unless it is kept ready (min-idle, headroom)`,
  );
  assertEquals(
    instanceText(drained({ kind: "confirming", firstIdleMs: zeroMs }), { confirmedMs: at }),
    `not needed: disabled, removed ${when} if still idle`,
  );
  assertEquals(
    instanceText(drained({ kind: "finishing" }), { stoppedMs: at }),
    `not needed: disabled, finishing its job; stopped ${when} at the latest (drain-timeout)`,
  );
});

Deno.test("what keeps idle agents is reported with its environment and its schedule", () => {
  const schedule: Schedule = { from: "0 7 * * *", to: "0 19 * * *", timeZone: "UTC" };
  const pool = { profile: linux, isOfAll: false, count: 2 };
  assertEquals([
    keptText({ ...pool, why: { kind: "min-idle" } }),
    keptText({ ...pool, environment: "prod", why: { kind: "headroom", busy: 9, schedule } }),
  ], [
    "2 idle (min-idle)",
    "2 idle in environment prod (headroom beside 9 busy by the schedule from 0 7 * * * to 0 19 * * * (UTC))",
  ]);
});

Deno.test("limits that are shared, and those of rate, hours and cpus, are reported with their numbers", () => {
  const stderr = { taskId: "t", host: "h", answer: { kind: "read", text: "out of disk" } } as const;
  assertEquals(
    ([
      { kind: "held-limit", limit: 5, allowed: 1, sharedBy: "environment" },
      { kind: "held-pace", key: "scaling.launches-per-minute", limit: 10 },
      { kind: "held-cpu-hours", usedHours: 100.456, limitHours: 100, timeZone: "UTC" },
      { kind: "held-share", share: 0.25, usedCpus: 2, clusterCpus: 8.125 },
      { kind: "held-probe", failure: mesosSays("exited"), failures: 3, stderr },
    ] as const).map((gate) => gateText(gate)),
    [
      "limit reached: scaling.max-agents = 5, shared by environment (scaling.fair-share), so only 1 now",
      "limit reached: scaling.launches-per-minute = 10",
      "the cpu-hours of the day are used up: 100.46 of 100 (scaling.cpu-hours-per-day), per day in UTC; launching " +
      "resumes at midnight",
      "limit reached: scaling.max-cpu-share = 0.25, agents have 2 of 8.13 cpus seen in Mesos",
      '3 launches failed in a row (exited; its stderr ends with "out of disk"); one is tried first',
    ],
  );
});

const remarks: readonly (readonly [Remark, string])[] = [
  [{ kind: "agents-lost", counts: [{ kind: "agents-lost", count: 1 }] }, "the only matching agent is without contact"],
  [
    {
      kind: "agents-disabled",
      counts: [{ kind: "agents-disabled", count: 2 }, { kind: "agents-missing", count: 1 }, {
        kind: "agents-pending",
        count: 1,
      }],
    },
    "all 4 matching agents are unavailable: 2 disabled, 1 missing, 1 pending",
  ],
  [
    { kind: "agent-in-environment", host: "h", environments: ["a", "b"] },
    "agent h is idle and has the resources, but is in a, b and takes only jobs from there",
  ],
  [
    { kind: "agent-in-no-environment", host: "h" },
    "agent h is idle and has the resources, but is in no environment",
  ],
  [
    { kind: "agent-environment-unknown", host: "h", environments: ["a", "b"] },
    "agent h is idle and has the resources, but is in no environment (it names a, b, which is not on the server)",
  ],
  [{ kind: "agents-missing", counts: [{ kind: "agents-missing", count: 1 }] }, "the only matching agent is missing"],
  [{ kind: "agents-pending", counts: [{ kind: "agents-pending", count: 1 }] }, "the only matching agent is pending"],
  [{ kind: "gocd-job-unassigned" }, "GoCD itself reports it as unassigned"],
  [{ kind: "gocd-job-unassigned", forMin: 5 }, "GoCD itself reports it as unassigned for 5 min"],
];

for (const [remark, text] of remarks) {
  Deno.test(`the remark ${remark.kind} reads "${text}", behind the reason`, () => {
    assertEquals(remarkText(remark), text);
    const job = { locator: "l", name: "j", gocdResources: [], verdict: "coming", firstSeenMs: 0 } as const;
    const reason = { kind: "agent-coming", names: ["t"] } as const;
    assertEquals(verdictText({ ...job, reason, remarks: [remark] }), `an agent is on its way: t; ${text}`);
  });
}

Deno.test("a server without a problem that has not answered is reported as that", () => {
  assertEquals(serverProblemText(), "the GoCD server does not answer");
});

Deno.test("anything that responds in place of the GoCD server is reported as such, whatever its kind", () => {
  for (const code of ["gocd-blocked", "gocd-proxy-refused"]) {
    assertEquals(serverProblemText(problem({ code })), "something else answers in place of the GoCD server");
  }
});

Deno.test("the subject of a note is part of its line, and absent if it has none", () => {
  assertEquals([noteLine({ kind: "leading", onceKey: "k" }, 0), noteLine({ kind: "leading" }, 0)], [
    { code: "leading", level: "info", text: "this instance leads", fields: {}, onceKey: "k" },
    { code: "leading", level: "info", text: "this instance leads", fields: {} },
  ]);
});

Deno.test("an invalid time is shown as unknown", () => {
  assertEquals([timeText(Date.UTC(2026, 10, 23, 0, 45, 5)), timeText(NaN), timeText(9e15)], [
    "2026-11-23T00:45:05Z",
    "unknown",
    "unknown",
  ]);
});
