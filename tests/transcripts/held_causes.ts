// Causes in servers, limits and operators: an agent is needed, or that is unknown, and none is launched yet.

import { type Cause, foreign, launched, linux, offer } from "./arrange.ts";
import { minute, second } from "../support/core.ts";

const byUser = {
  security: {
    kind: "on",
    users: [
      { name: "root", password: "s", admin: true },
      { name: "guest", password: "g", admin: false, views: ["shop"] },
    ],
  },
} as const;

/** Those that hold launching back. */
export const heldCauses: readonly Cause[] = [
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
    title: "no successful poll for longer than poller.stale-after, because a login page is returned",
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
      const { locator, taskId } = await launched(its);
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
    name: "no-docker",
    title: "the Mesos agent has no containerizer for Docker",
    arrange: async (its) => {
      const { locator, taskId } = await launched(its);
      its.world.status(taskId, "TASK_FAILED", {
        reason: "REASON_EXECUTOR_TERMINATED",
        message: "Abnormal executor termination: unknown container",
      });
      await its.pass(4 * second);
      return locator;
    },
    verdict: "needs-agent held-breaker",
  },
  {
    name: "max-per-host",
    title: "the only host has reached max-per-host of the profile",
    options: { profiles: [{ ...linux, maxPerHost: 1 }] },
    arrange: async (its) => {
      its.schedule();
      const locator = its.schedule();
      await its.pass(15 * second);
      its.world.offers(offer("h1"));
      await its.pass(5 * second);
      its.world.offers(offer("h1"));
      await its.pass(10 * second);
      return locator;
    },
    verdict: "needs-agent no-fitting-offer",
    launches: true,
  },
  {
    name: "probe",
    title: "three launches in a row have failed, so only one is tried",
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
    title: "no Mesos offer fits",
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
    title: "Mesos has made no offer yet",
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
    title: "Mesos makes no offer to the role",
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
    name: "server-frozen",
    title: "the GoCD server accepts requests and does not respond",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(5 * second);
      its.world.wait(30 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "master-silent",
    title: "the Mesos master misses its heartbeats",
    arrange: async (its) => {
      const master = { frameworkId: "f-1", master: "mesos:5050", masterVersion: "1.11.0" };
      its.world.send({ kind: "subscribed", ...master, heartbeatMs: 15 * second });
      const locator = its.schedule();
      await its.pass(40 * second);
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "master-unsteady",
    title: "subscriptions to the Mesos master keep ending",
    arrange: async (its) => {
      const locator = its.schedule();
      for (let sessions = 0; sessions < 3; sessions++) {
        its.world.send({ kind: "disconnected", reason: "the event stream broke" });
        its.world.subscribe();
        await its.pass(10 * second);
      }
      return locator;
    },
    verdict: "needs-agent launching",
    launches: true,
  },
  {
    name: "role-refused",
    title: "the Mesos master refuses our role",
    arrange: async (its) => {
      const locator = its.schedule();
      await its.pass(15 * second);
      const message = "Not authorized to use role 'ci'";
      its.world.send({ kind: "framework-error", error: "unauthorized", message });
      const asked = its.world.taken().find(({ kind }) => kind === "end-session");
      its.world.send({ kind: "disconnected", reason: asked?.kind === "end-session" ? asked.message : "" });
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-no-session",
    launches: true,
  },
  {
    name: "no-master-but-a-page",
    title: "another server responds in place of the Mesos master",
    arrange: async (its) => {
      its.world.send({
        kind: "disconnected",
        reason:
          'Mesos master http://m:5050 answered SUBSCRIBE with 403: not a master, but nginx, with the page "Forbidden"',
        hint: "check host and port in mesos-master",
      });
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "needs-agent held-no-session",
    launches: true,
  },
  {
    name: "slow-server",
    title: "a server up to 19.8 has reached its launches per minute",
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
    name: "needs-unknown",
    title: "a server without the feed, and an account that may not read the configuration of the pipeline",
    options: { gocd: byUser, login: ["guest", "g"] },
    arrange: async (its) => {
      its.gocd.setFeedGone(404);
      const locator = its.schedule();
      await its.pass(15 * second);
      return locator;
    },
    verdict: "not-ours needs-unknown",
  },
  {
    name: "too-few-rights",
    title: "the account sees only some pipelines and is not an administrator",
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
