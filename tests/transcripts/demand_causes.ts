// Causes in the job and in the agents that could build it.

import { type Cause, elasticUses, everything, foreign } from "./arrange.ts";
import { minute, second } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

/** Those for which another agent would not help, or which say what would. */
export const demandCauses: readonly Cause[] = [
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
    title: "a job in poller.ignore whose elastic profile the server does not report",
    options: { ...everything, version: "18.10.0", poller: { ignore: ["shop/*/unit"] } },
    arrange: elasticUses("k8s-large"),
    verdict: "not-ours ignored",
  },
  {
    name: "elastic-untold",
    title: "a job without resources on a server that does not report which jobs use its elastic profiles",
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
    title: "a job whose pipeline was removed, while newer jobs with the same resources are built",
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
    name: "no-profile-group",
    title: "no profile serves its pipeline group",
    options: { profiles: [aProfile({ name: "mobile", gocdResources: ["linux"], pipelineGroups: ["mobile-*"] })] },
    arrange: async (its) => {
      const locator = its.schedule();
      its.gocd.setPipelineGroup("shop", "Sales");
      await its.pass(30 * second);
      return locator;
    },
    verdict: "unserved no-profile-group",
  },
  {
    name: "agent-in-environment",
    title: "a job without environment, and an idle agent in an environment",
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
    title: "an idle agent did not take it before, and has ended",
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
];
