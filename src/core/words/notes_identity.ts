// Texts of notes about identity, which are created in identity/.

import type { EnvironmentObstacle, IdentityNotes, KeyDoubt } from "../note.ts";
import { gapText } from "./causes.ts";
import { registerKeyHint, setKeyHint } from "./findings.ts";
import type { NoteWords } from "./note_line.ts";
import { describeNeed } from "./phrases.ts";

function keyDoubt(key: KeyDoubt): { readonly why: string; readonly hint: string } {
  switch (key.kind) {
    case "unset":
      return { why: "go-agent.auto-register-key is not set", hint: registerKeyHint };
    case "refused":
      return { why: `the server does not accept ${key.registerKey}`, hint: setKeyHint(key.registerKey) };
    case "unclear":
      return { why: "its profile is no longer configured", hint: "" };
  }
}

const gapHint =
  "set its auto-register key (go-agent.auto-register-key, or env of its profile) to the server's agentAutoRegisterKey, and " +
  "check that the environment exists there and that the image passes on AGENT_AUTO_REGISTER_* (or AGENT_*)";

function obstacleHint({ kind, environment }: EnvironmentObstacle): string {
  switch (kind) {
    case "put-there":
      return `a config repository puts it into environment ${environment}, which the agents API cannot change: change it ` +
        "there";
    case "unknown":
      return `create the environment ${environment} in GoCD`;
    case "config-repo":
      return `environment ${environment} comes from a config repository, so the agents API cannot put an agent into it: ` +
        "check that the image passes on AGENT_AUTO_REGISTER_ENVIRONMENTS (or AGENT_ENVIRONMENTS)";
  }
}

/** Identity. */
export const identityNotes: NoteWords<keyof IdentityNotes> = {
  "agent-enabling": ({ taskId, uuid, key, isNews }) => {
    const { why, hint } = keyDoubt(key);
    return {
      level: isNews ? "warning" : "info",
      text: `${taskId} has registered as Pending (${why}); enabling it`,
      ...(hint === "" ? {} : { hint }),
      fields: { taskId, uuid },
    };
  },
  "agent-registered-anew": ({ taskId, uuid }) => ({
    level: "warning",
    text: `${taskId} has registered a second time; the record ${uuid} is used from now on`,
    fields: { taskId, uuid },
  }),
  "agent-misregistered": ({ taskId, profile, gap, obstacle }) => ({
    level: "error",
    text: `${taskId} cannot serve the jobs it was launched for: ${gapText(gap)}; it is drained`,
    hint: obstacle === undefined ? gapHint : obstacleHint(obstacle),
    fields: { taskId, profile },
  }),
  "agent-corrected": ({ taskId, profile, uuid, gap }) => ({
    level: "warning",
    text: `the GoCD record of ${taskId} is corrected: ${gapText(gap)}`,
    hint: gapHint,
    fields: { taskId, profile, uuid },
  }),
  "agent-guid-shared": ({ taskId, owner, profile, uuid }) => ({
    level: "error",
    text: `${owner} and ${taskId} share the guid ${uuid}: the GoCD server sees them as one agent and serves only one ` +
      "of them; both are left running",
    hint:
      `remove config/guid.txt from the image of profile ${profile} (or from the volume that contains it), so that ` +
      "each agent creates its own",
    fields: { taskId, other: owner, profile, uuid },
  }),
  "other-program": ({ hostname, lineage, need }) => ({
    level: "warning",
    text: `agent ${hostname} takes jobs that this program also launches agents for (${
      describeNeed(need.gocdResources, need.environment)
    }): another gocd-mesos, lineage ${lineage}, serves this GoCD server, so two agents are launched for one job`,
    hint: "separate their jobs: by resources or environments of the profiles, or by poller.ignore",
    fields: { hostname, lineage },
  }),
  "task-foreign": ({ taskId, state }) => ({
    level: "warning",
    text:
      `Mesos reports a task of our framework that this program did not launch: ${taskId} (${state}); it is left alone`,
    hint: "if nobody needs it, kill it with the Mesos tools",
    fields: { taskId, state },
  }),
  "agent-adopted": ({ taskId, profile }) => ({
    level: "warning",
    text: `${taskId} is adopted: Mesos runs it for our framework, but it was not in the store; it is drained once ` +
      "idle",
    fields: { taskId, profile },
  }),
  "record-adopted": ({ taskId, uuid }) => ({
    level: "warning",
    text: `the GoCD server has a record of ${taskId}, which is not in this state: the record is deleted unless Mesos ` +
      "still has the agent",
    fields: { taskId, uuid },
  }),
  "task-id-lives": ({ taskId, profile }) => ({
    level: "warning",
    text: `${taskId} was not launched: a task with this id is already running; it is adopted, and another is launched`,
    hint: "nothing to do; docs/state.md explains what restoring an older state means",
    fields: { taskId, profile },
  }),
};
