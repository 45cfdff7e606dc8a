// Each cause for which a job waits, as the running program tells it: verdict, log, page and metric. The files are read by
// people: tests/fixtures/transcripts/.

import { assertEquals } from "@std/assert";
import { elasticUses, foreign, linux, offer } from "./arrange.ts";
import { minute, second } from "../support/core.ts";
import { type Situation, situation, type SituationOptions } from "../support/situation.ts";
import { assertOnPage, assertTranscript, transcriptOf } from "../support/transcript.ts";

interface Cause {
  readonly name: string;
  readonly title: string;
  readonly options?: SituationOptions;
  /** Returns the locator of the job that is explained. */
  readonly arrange: (its: Situation) => Promise<string>;
  readonly verdict: string;
  /** Whether anything is to be launched; default no. */
  readonly launches?: boolean;
}

const everything = { profiles: [{ ...linux, gocdResources: "*", environments: "*" }] } as const;
const byUser = {
  security: {
    kind: "on",
    users: [
      { name: "root", password: "s", admin: true },
      { name: "guest", password: "g", admin: false, views: ["shop"] },
    ],
  },
} as const;

const causes: readonly Cause[] = [
  {
    name: "run-on-all",
    title: "a job that runs on all agents, pinned to one that is lost",
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box", { hasProcess: false }));
      const locator = its.schedule({ job: "smoke-runOnAll-1", runOnAll: "uuid-box" });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "not-ours run-on-all",
  },
  {
    name: "elastic-profile",
    title: "a job of an elastic profile, found by the usages API",
    options: everything,
    arrange: elasticUses("k8s-large"),
    verdict: "not-ours elastic",
  },
  {
    name: "elastic-ignored",
    title: "a job of an elastic profile where the server does not tell, named in poller.ignore",
    options: { ...everything, version: "18.10.0", poller: { ignore: ["shop/*/unit"] } },
    arrange: elasticUses("k8s-large"),
    verdict: "not-ours ignored",
  },
  {
    name: "elastic-untold",
    title: "a job without resources on a server with elastic profiles that does not tell which jobs use them",
    options: { ...everything, version: "18.10.0" },
    arrange: elasticUses("k8s-large"),
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "resourceless-ignored",
    title: 'a job without resources under poller.resourceless-jobs = "ignore"',
    options: { ...everything, poller: { resourcelessJobs: "ignore" } },
    arrange: async (its) => {
      const locator = its.schedule({ gocdResources: [] });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "not-ours resourceless-ignored",
  },
  {
    name: "zombie",
    title: "a job whose pipeline was removed: newer ones of its kind are taken",
    options: { poller: { zombieAfterMs: 10 * minute } },
    arrange: async (its) => {
      const zombie = its.schedule({ pipeline: "removed", obstacle: "zombie" });
      its.gocd.addAgent(foreign("box"));
      for (let taken = 0; taken < 4; taken++) its.schedule({ durationMs: 4 * minute });
      await its.pass(14 * minute);
      return zombie;
    },
    verdict: "other-cause zombie",
  },
  {
    name: "no-profile-resources",
    title: "no profile has its resources",
    arrange: async (its) => {
      const locator = its.schedule({ gocdResources: ["linux", "GPU", "cuda-12"] });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "unserved no-profile-resources",
  },
  {
    name: "no-profile-environment",
    title: "no profile serves its environment",
    arrange: async (its) => {
      const locator = its.schedule({ environment: "prod" });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "unserved no-profile-environment",
  },
  {
    name: "agent-in-environment",
    title: "a job in no environment beside an idle agent in one",
    arrange: async (its) => {
      its.gocd.addEnvironment({ name: "prod", origin: "gocd" });
      its.gocd.addAgent(foreign("box", { environments: ["prod"] }));
      const locator = its.schedule();
      await its.pass(30 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "agent-environment-unknown",
    title: "an idle agent names an environment that does not exist",
    options: everything,
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box", { environments: ["prdo"] }));
      const locator = its.schedule({ environment: "prod" });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "idle-unused",
    title: "an idle agent matches and the server does not use it",
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box"));
      const locator = its.schedule({ obstacle: "zombie" });
      await its.pass(6 * minute);
      return locator;
    },
    verdict: "other-cause idle-unused",
  },
  {
    name: "left-before",
    title: "an idle agent left it waiting before, and is gone now",
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box"));
      const locator = its.schedule({ obstacle: "zombie" });
      await its.pass(3 * minute);
      its.disable("uuid-box");
      await its.pass(30 * second);
      return locator;
    },
    verdict: "other-cause left-before",
  },
  {
    name: "invalid-resource",
    title: "a resource that the server would refuse for an agent",
    options: everything,
    arrange: async (its) => {
      const locator = its.schedule({ gocdResources: ["c++"] });
      await its.pass(30 * second);
      return locator;
    },
    verdict: "needs-agent held-invalid",
  },
  {
    name: "agents-out-of-use",
    title: "all agents that match are disabled, lost or missing",
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box1", { configState: "Disabled" }));
      its.gocd.addAgent(foreign("box2", { configState: "Disabled" }));
      its.gocd.addAgent(foreign("box3", { hasProcess: false }));
      its.gocd.addAgent(foreign("windows", { gocdResources: ["windows"] }));
      const locator = its.schedule();
      await its.pass(30 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "restarted",
    title: "the server has just restarted and its agents are Missing",
    arrange: async (its) => {
      its.gocd.addAgent(foreign("box1"));
      its.gocd.addAgent(foreign("box2", { gocdResources: ["windows"], hasProcess: false }));
      await its.pass(30 * second);
      its.gocd.agentStopped("box1", its.world.atMs);
      const locator = its.schedule();
      its.gocd.restart(20 * second);
      await its.pass(minute);
      return locator;
    },
    verdict: "needs-agent held-restarted",
  },
  ...(["26.1.0", "18.12.0"] as const).map((version): Cause => ({
    name: version === "26.1.0" ? "maintenance" : "drain-mode",
    title: version === "26.1.0" ? "the server is in maintenance mode" : "the server (18.12) is in drain mode",
    options: { version },
    arrange: async (its) => {
      const locator = its.schedule();
      its.gocd.setMaintenance(true);
      await its.pass(30 * second);
      return locator;
    },
    verdict: "other-cause maintenance",
  })),
  {
    name: "server-starting",
    title: "the server is starting",
    arrange: async (its) => {
      const locator = its.schedule({ gocdResources: ["windows"] });
      await its.pass(30 * second);
      its.gocd.restart(10 * minute);
      await its.pass(minute);
      return locator;
    },
    verdict: "unserved no-profile-resources",
  },
  {
    name: "server-backup",
    title: "the server makes a backup",
    arrange: async (its) => {
      const locator = its.schedule({ gocdResources: ["windows"] });
      await its.pass(30 * second);
      its.gocd.setBackup(true);
      await its.pass(minute);
      return locator;
    },
    verdict: "unserved no-profile-resources",
  },
  {
    name: "server-silent",
    title: "no good poll for longer than poller.stale-after: a login page answers",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(5 * second);
      its.gocd.inject({ kind: "login-page", style: "html-200" }, 10_000);
      await its.pass(12 * minute);
      return locator;
    },
    verdict: "needs-agent held-stale",
  },
  {
    name: "server-reports",
    title: "GoCD itself reports the job, and a full disk",
    arrange: async (its) => {
      const text = "GoCD Server has run out of artifacts disk space. Scheduling has been stopped";
      its.gocd.setHealthMessages([{ message: text, detail: "Free <b>some</b> space.", level: "ERROR", atMs: 0 }]);
      const locator = its.schedule({ gocdResources: ["windows"] });
      await its.pass(7 * minute);
      return locator;
    },
    verdict: "unserved no-profile-resources",
  },
  {
    name: "attempts",
    title: "demand that has not been seen often enough",
    options: { poller: { attempts: 5 } },
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(25 * second);
      return locator;
    },
    verdict: "needs-agent held-attempts",
  },
  {
    name: "limit",
    title: "the limit of the profile is reached",
    options: { profiles: [{ ...linux, maxAgents: 1 }] },
    arrange: async (its) => {
      its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-limit",
  },
  {
    name: "coming",
    title: "an agent is coming",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      await its.pass(15 * second);
      return locator;
    },
    verdict: "coming agent-coming",
  },
  {
    name: "breaker",
    title: "the image cannot be pulled",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      const [taskId = ""] = its.world.state.instances.keys();
      its.world.status(taskId, "TASK_FAILED", {
        reason: "REASON_CONTAINER_LAUNCH_FAILED",
        message: "Failed to pull image 'gocd/agent:v9': manifest unknown",
      });
      await its.pass(4 * second);
      return locator;
    },
    verdict: "needs-agent held-breaker",
  },
  {
    name: "probe",
    title: "three launches in a row have failed: one is tried first",
    arrange: async (its) => {
      for (let round = 0; round < 3; round++) {
        its.schedule();
        await its.pass((round === 0 ? 15 : 90) * second);
        its.world.offers(offer("h1"));
        for (const instance of its.world.state.instances.values()) {
          if (instance.state !== "launching") continue;
          its.world.status(instance.taskId, "TASK_FAILED", {
            reason: "REASON_CONTAINER_LAUNCH_FAILED",
            message: "Failed to pull image 'gocd/agent:v9': manifest unknown",
          });
        }
      }
      await its.pass(5 * minute);
      return its.gocd.jobs().at(-1)?.locator ?? "";
    },
    verdict: "needs-agent held-probe",
    launches: true,
  },
  {
    name: "draining",
    title: "the operator drains the framework",
    arrange: async (its) => {
      its.world.send({ kind: "drain-requested" });
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-mode",
  },
  {
    name: "nearest-miss",
    title: "no offer of Mesos fits",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1", { cpus: 0.5, mem: 8_000 }), offer("h2", { cpus: 0.25, mem: 8_000 }));
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent no-fitting-offer",
    launches: true,
  },
  {
    name: "no-offer",
    title: "Mesos has offered nothing yet",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "no-offer-for-long",
    title: "Mesos offers the role nothing",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(100 * second);
      return locator;
    },
    verdict: "needs-agent no-offer",
    launches: true,
  },
  {
    name: "no-session",
    title: "there is no session with a Mesos master",
    arrange: async (its) => {
      its.world.send({ kind: "disconnected", reason: "mesos:5050 answered nothing for 75 s" });
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-no-session",
    launches: true,
  },
  {
    name: "slow-server",
    title: "a server up to 19.8 takes so many registrations a minute",
    options: { version: "19.8.0", scaling: { slowServerLaunchesPerMinute: 2 } },
    arrange: async (its) => {
      for (let count = 0; count < 3; count++) its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-rate",
  },
  {
    name: "frozen",
    title: "the operator has frozen launching",
    arrange: async (its) => {
      its.world.send({ kind: "launching-frozen" });
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-frozen",
  },
  {
    name: "wrong-key",
    title: "the server does not know the auto-register key: an agent stays Pending until it is enabled",
    arrange: async (its) => {
      const { settings } = its.world.state;
      its.world.send({ kind: "settings-changed", settings: { ...settings, registersWithKey: true } });
      const locator = its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      const [taskId = ""] = its.world.state.instances.keys();
      its.world.status(taskId, "TASK_RUNNING");
      const env = { GO_SERVER_URL: "http://gocd:8153/go", AGENT_AUTO_REGISTER_KEY: "another" };
      its.gocd.agentStarted({ hostname: taskId, uuid: "uuid-1", nowMs: its.world.atMs, env });
      its.gocd.inject({ kind: "status", status: 500 }, 100, "/api/agents/");
      await its.pass(70 * second);
      return locator;
    },
    verdict: "coming agent-coming",
  },
  {
    name: "too-few-rights",
    title: "the account sees only some pipelines and is no administrator",
    options: { gocd: byUser, login: ["guest", "g"] },
    arrange: async (its) => {
      const locator = its.schedule();
      its.schedule({ pipeline: "hidden" });
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
];

for (const { name, title, options, arrange, verdict, launches = false } of causes) {
  Deno.test(`told by why, log, page and metric: ${title}`, async () => {
    const its = situation(options);
    const locator = await arrange(its);
    const job = its.world.state.demand.jobs.find((each) => each.locator === locator);
    assertEquals(`${job?.verdict} ${job?.reason.kind}`, verdict);
    assertEquals(its.world.state.demand.wanted.length > 0, launches);
    assertOnPage(locator, its);
    assertTranscript(name, transcriptOf(title, locator, its));
  });
}

Deno.test("every transcript is of a test", () => {
  const files = [...Deno.readDirSync(new URL("../fixtures/transcripts/", import.meta.url))].map((each) => each.name);
  assertEquals(files.sort(), causes.map(({ name }) => `${name}.txt`).sort());
});
