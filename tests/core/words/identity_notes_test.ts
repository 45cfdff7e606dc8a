// Texts about identity: each note and each of its forms once.

import type { Misregistered } from "../../../src/core/life/causes.ts";
import { testNotes } from "./note_rows.ts";

const task = { taskId: "t", profile: "linux" };
const record = { taskId: "t", uuid: "u" };
const gap: Misregistered = {
  kind: "misregistered",
  got: { gocdResources: [] },
  wanted: { gocdResources: ["linux"], environment: "prod" },
};

testNotes([
  [
    { kind: "agent-enabling", ...record, key: { kind: "unset" }, isNews: true },
    "warning agent-enabling: t has registered as Pending (go-agent.auto-register-key is not set); enabling it | set " +
    "go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)",
    { taskId: "t", uuid: "u" },
  ],
  [
    {
      kind: "agent-enabling",
      ...record,
      key: { kind: "refused", registerKey: "go-agent.auto-register-key" },
      isNews: false,
    },
    "info agent-enabling: t has registered as Pending (the server does not accept go-agent.auto-register-key); " +
    "enabling it | set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config " +
    "XML, <server>)",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "agent-enabling", ...record, key: { kind: "refused", registerKey: "profiles.b.env.KEY" }, isNews: false },
    "info agent-enabling: t has registered as Pending (the server does not accept profiles.b.env.KEY); enabling it | " +
    "set profiles.b.env.KEY to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>), or remove " +
    "it there",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "agent-enabling", ...record, key: { kind: "unclear" }, isNews: false },
    "info agent-enabling: t has registered as Pending (its profile is no longer configured); enabling it",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "agent-registered-anew", ...record },
    "warning agent-registered-anew: t has registered a second time; the record u is used from now on",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "agent-misregistered", ...task, gap },
    "error agent-misregistered: t cannot serve the jobs it was launched for: it registered as no resources, not as " +
    "linux in environment prod; it is drained | set its auto-register key (go-agent.auto-register-key, or env of its " +
    "profile) to the server's agentAutoRegisterKey, and check that the environment exists there and that the image " +
    "passes on AGENT_AUTO_REGISTER_* (or AGENT_*)",
    { taskId: "t", profile: "linux" },
  ],
  [
    { kind: "agent-misregistered", ...task, gap, obstacle: { kind: "put-there", environment: "qa" } },
    "error agent-misregistered: t cannot serve the jobs it was launched for: it registered as no resources, not as " +
    "linux in environment prod; it is drained | a config repository puts it into environment qa, which the agents " +
    "API cannot change: change it there",
    { taskId: "t", profile: "linux" },
  ],
  [
    { kind: "agent-misregistered", ...task, gap, obstacle: { kind: "unknown", environment: "qa" } },
    "error agent-misregistered: t cannot serve the jobs it was launched for: it registered as no resources, not as " +
    "linux in environment prod; it is drained | create the environment qa in GoCD",
    { taskId: "t", profile: "linux" },
  ],
  [
    { kind: "agent-misregistered", ...task, gap, obstacle: { kind: "config-repo", environment: "qa" } },
    "error agent-misregistered: t cannot serve the jobs it was launched for: it registered as no resources, not as " +
    "linux in environment prod; it is drained | environment qa comes from a config repository, so the agents API " +
    "cannot put an agent into it: check that the image passes on AGENT_AUTO_REGISTER_ENVIRONMENTS (or " +
    "AGENT_ENVIRONMENTS)",
    { taskId: "t", profile: "linux" },
  ],
  [
    { kind: "agent-corrected", ...task, uuid: "u", gap },
    "warning agent-corrected: the GoCD record of t is corrected: it registered as no resources, not as linux in " +
    "environment prod | set its auto-register key (go-agent.auto-register-key, or env of its profile) to the " +
    "server's agentAutoRegisterKey, and check that the environment exists there and that the image passes on " +
    "AGENT_AUTO_REGISTER_* (or AGENT_*)",
    { taskId: "t", profile: "linux", uuid: "u" },
  ],
  [
    { kind: "agent-guid-shared", ...task, uuid: "u", owner: "o" },
    "error agent-guid-shared: o and t share the guid u: the GoCD server sees them as one agent and serves only one " +
    "of them; both are left running | remove config/guid.txt from the image of profile linux (or from the volume " +
    "that contains it), so that each agent creates its own",
    { taskId: "t", other: "o", profile: "linux", uuid: "u" },
  ],
  [
    {
      kind: "other-program",
      hostname: "h",
      lineage: "zzz999",
      need: { gocdResources: ["linux"], environment: "prod" },
    },
    "warning other-program: agent h takes jobs that this program also launches agents for (linux in environment " +
    "prod): another gocd-mesos, lineage zzz999, serves this GoCD server, so two agents are launched for one job | " +
    "separate their jobs: by resources or environments of the profiles, or by poller.ignore",
    { hostname: "h", lineage: "zzz999" },
  ],
  [
    { kind: "task-foreign", taskId: "x", state: "TASK_RUNNING" },
    "warning task-foreign: Mesos reports a task of our framework that this program did not launch: x (TASK_RUNNING); " +
    "it is left alone | if nobody needs it, kill it with the Mesos tools",
    { taskId: "x", state: "TASK_RUNNING" },
  ],
  [
    { kind: "agent-adopted", ...task },
    "warning agent-adopted: t is adopted: Mesos runs it for our framework, but it was not in the store; it is " +
    "drained once idle",
    { taskId: "t", profile: "linux" },
  ],
  [
    { kind: "record-adopted", ...record },
    "warning record-adopted: the GoCD server has a record of t, which is not in this state: the record is deleted " +
    "unless Mesos still has the agent",
    { taskId: "t", uuid: "u" },
  ],
  [
    { kind: "task-id-lives", ...task },
    "warning task-id-lives: t was not launched: a task with this id is already running; it is adopted, and another " +
    "is launched | nothing to do; docs/state.md explains what restoring an older state means",
    { taskId: "t", profile: "linux" },
  ],
]);
