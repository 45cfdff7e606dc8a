// Causes in an agent that is Pending.

import { type Cause, launched } from "./arrange.ts";
import { dockerNameOf, second } from "../support/core.ts";

/** Those of agents that have registered, and are not enabled yet, or never. */
export const pendingCauses: readonly Cause[] = [
  {
    name: "wrong-key",
    title: "the server does not have the auto-register key, so an agent stays Pending until it is enabled",
    arrange: async (its) => {
      const { settings } = its.world.state;
      const registerKey = "go-agent.auto-register-key";
      const profiles = settings.profiles.map((each) => ({ ...each, registerKey }));
      its.world.send({ kind: "settings-changed", settings: { ...settings, profiles } });
      const { locator, taskId } = await launched(its);
      its.world.status(taskId, "TASK_RUNNING");
      const env = { GO_SERVER_URL: "http://gocd:8153/go", AGENT_AUTO_REGISTER_KEY: "another" };
      its.gocd.agentStarted({ hostname: dockerNameOf(taskId), uuid: "uuid-1", nowMs: its.world.atMs, env });
      its.gocd.inject({ kind: "status", status: 500 }, 100, "/api/agents/");
      await its.pass(70 * second);
      return locator;
    },
    verdict: "coming agent-coming",
  },
  {
    name: "not-proven",
    title: "an agent stays Pending, because only its public name identifies it as ours",
    arrange: async (its) => {
      const { locator, taskId } = await launched(its);
      its.world.status(taskId, "TASK_RUNNING");
      const env = { GO_SERVER_URL: "http://gocd:8153/go" };
      its.gocd.agentStarted({ hostname: taskId, uuid: "uuid-1", nowMs: its.world.atMs, env });
      await its.pass(70 * second);
      return locator;
    },
    verdict: "coming agent-coming",
  },
];
