// The explanation of one waiting job beyond its own verdict.

import { assertEquals } from "@std/assert";
import type { Finding } from "../../../src/core/event.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { JobView, StatusView } from "../../../src/core/view/view.ts";
import { saysBlocked, whyView } from "../../../src/core/view/why.ts";
import { building, drive, gocdAgent } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const inProduction = [{ name: "Production", origin: "gocd" as const }];

/** Two kinds of waiting jobs, and agents of which some could take them. */
function picture(problems: readonly Finding[] = []): StatusView {
  const profiles = ["linux", "windows"].map((name) => aProfile({ name, gocdResources: [name] }));
  const world = drive({ profiles });
  world.subscribe();
  const agents = [
    gocdAgent("able-1", { gocdResources: ["Linux"], ...building }),
    gocdAgent("able-2", { gocdResources: ["linux", "docker"] }),
    gocdAgent("in-production", { gocdResources: ["linux"], environments: inProduction }),
    gocdAgent("other", { gocdResources: ["docker"] }),
  ];
  const jobs = [
    { locator: "a/1/b/1/linux", name: "linux", gocdResources: ["linux"] },
    { locator: "a/1/b/1/prod", name: "prod", gocdResources: ["linux"], environment: "production" },
    { locator: "a/1/b/1/windows", name: "windows", gocdResources: ["windows"] },
  ];
  world.poll({ jobs, agents });
  return { ...statusView(world.state, world.atMs), problems };
}

function jobOf(view: StatusView, name: string): JobView {
  const job = view.jobs.find(({ locator }) => locator.endsWith(`/${name}`));
  if (job === undefined) throw new Error(`the picture has no job ${name}`);
  return job;
}

Deno.test("why counts the agents that have the resources, those of them in the environment, and what they do", () => {
  const view = picture();
  const counts = (name: string): unknown => whyView(jobOf(view, name), view).agents;
  assertEquals(counts("linux"), { known: 4, able: 3, matching: 2, byState: { building: 1, idle: 1 } });
  assertEquals(counts("prod"), { known: 4, able: 3, matching: 1, byState: { idle: 1 } });
  assertEquals(counts("windows"), { known: 4, able: 0, matching: 0, byState: {} });
});

Deno.test("why shows the bucket with the same needs, whatever the case and order of names, and the profile", () => {
  const view = picture();
  const job = jobOf(view, "windows");
  const shown = whyView({ ...job, gocdResources: ["Windows", "windows"] }, view);
  assertEquals([shown.bucket?.gocdResources, shown.profile?.name], [["windows"], "windows"]);
  assertEquals(whyView(jobOf(view, "prod"), view).bucket?.environment, "production");
  const { profile: _, ...unserved } = job;
  assertEquals(whyView({ ...unserved, gocdResources: ["mac"] }, view).bucket, undefined);
  assertEquals("profile" in whyView(unserved, view), false);
});

Deno.test("for a job that is not ours, why shows nothing about our agents", () => {
  const view = picture([{ code: "stale", message: "m", hint: "h" }]);
  const job: JobView = { ...jobOf(view, "windows"), verdict: "not-ours" };
  assertEquals(whyView(job, view), { job, problems: [] });
});

const finding = (code: string, profile?: string): Finding => ({
  code,
  message: code,
  hint: "h",
  ...(profile === undefined ? {} : { profile }),
});
const remark = { code: "gocd-job-unassigned", text: "t" } as unknown as NonNullable<JobView["remarks"]>[number];

const otherRemark = { code: "agents-lost", text: "t" } as const;

const told: readonly (readonly [string, Finding, Partial<JobView>, boolean])[] = [
  ["a problem of everything", finding("gocd-slow"), {}, true],
  ["one about unserved jobs", finding("jobs-unserved"), {}, false],
  ["one about a limit", finding("held-limit"), {}, false],
  ["one about a share", finding("held-share"), {}, false],
  ["one of profiles, this one among them", { ...finding("wrong-key"), profiles: ["linux", "windows"] }, {}, true],
  ["one of other profiles", { ...finding("wrong-key"), profiles: ["linux"] }, {}, false],
  ["another profile that fails", finding("profile-failing", "linux"), {}, false],
  ["its own profile that fails", finding("profile-failing", "windows"), {}, true],
  ["its own profile, as the reason says", finding("profile-failing", "windows"), {
    reasonCode: "held-breaker",
    brief: "b",
  }, false],
  ["its own profile, as a frozen job says", finding("profile-failing", "windows"), {
    reasonCode: "held-frozen",
    brief: "b",
  }, false],
  [
    "another problem of its profile, where launches fail",
    finding("x", "windows"),
    { reasonCode: "held-breaker" },
    true,
  ],
  ["what its reason says", finding("held-stale"), { reasonCode: "held-stale" }, false],
  ["what its reason says in short", finding("held-maintenance"), { reasonCode: "maintenance" }, false],
  ["what GoCD says of another job", finding("gocd-job-unassigned"), {}, true],
  ["what GoCD says of another job, beside a remark", finding("gocd-job-unassigned"), { remarks: [otherRemark] }, true],
  ["what GoCD says of this job, beside a remark", finding("gocd-job-unassigned"), {
    remarks: [otherRemark, remark],
  }, false],
  ["what GoCD says of this job", finding("gocd-job-unassigned"), { remarks: [remark] }, false],
  ["the session, as the reason says", finding("mesos-unreachable"), { reasonCode: "held-no-session" }, false],
  ["the session, where the reason is another", finding("mesos-unreachable"), {}, true],
  ["the server of GoCD, where there is no session", finding("gocd-down"), { reasonCode: "held-no-session" }, true],
];
for (const [name, problem, more, isTold] of told) {
  Deno.test(`why ${isTold ? "tells" : "does not repeat"} ${name}`, () => {
    const view = picture([problem]);
    const { remarks: _, ...job } = jobOf(view, "windows");
    assertEquals(whyView({ ...job, ...more }, view).problems, isTold ? [problem] : []);
  });
}

Deno.test("nothing about profiles is reported for a job without a profile", () => {
  const view = picture([{ ...finding("wrong-key"), profiles: ["linux"] }]);
  const { profile: _, ...job } = jobOf(view, "windows");
  assertEquals(whyView(job, view).problems, []);
});

Deno.test("an agent must have all resources, and be in the environment of the job", () => {
  const view = picture();
  const agents = (changes: Partial<JobView>): unknown => {
    const { able, matching } = whyView({ ...jobOf(view, "linux"), ...changes }, view).agents ?? {};
    return [able, matching];
  };
  assertEquals(agents({ gocdResources: ["docker", "LINUX"] }), [1, 1]);
  assertEquals([agents({ environment: "qa" }), agents({ environment: "PRODUCTION" })], [[3, 0], [3, 1]]);
});

Deno.test("buckets are distinguished by the set of their resources", () => {
  const view = picture();
  const [some] = view.demand;
  const buckets = [["a", "bc"], ["ab", "c"], ["linux", "docker"]].map((gocdResources) => ({ ...some, gocdResources }));
  const shown = (gocdResources: readonly string[]): unknown =>
    whyView({ ...jobOf(view, "linux"), gocdResources }, { ...view, demand: buckets as never }).bucket?.gocdResources;
  assertEquals([shown(["ab", "c"]), shown(["docker", "Linux"]), shown(["abc"])], [
    ["ab", "c"],
    ["linux", "docker"],
    undefined,
  ]);
});

Deno.test("a reason with the error of its profile says why that launches nothing", () => {
  const { brief: _, ...job } = jobOf(picture(), "windows");
  assertEquals([saysBlocked(job), saysBlocked({ ...job, brief: "the last launch failed" })], [false, true]);
});
