// Texts of notes about the life cycle of instances, which are created in life/.

import { cpuHoursHint } from "./acts.ts";
import { cpuHoursLowText, cpuHoursText } from "./gates.ts";
import type { DrainReason, KillCause } from "../instance.ts";
import type { EndedTask, LifeNotes } from "../note.ts";
import { failureHint, failureText, idleText, killText, suspicionText } from "./causes.ts";
import type { NoteWords } from "./note_line.ts";
import { notProvenHint, notProvenText } from "./findings.ts";
import { counted, formatDuration } from "./phrases.ts";
import { errorCharactersMax, oneLine } from "../text.ts";
import { unreadText } from "./sandbox.ts";

const drainWords: Readonly<Record<Exclude<DrainReason, "idle">, string>> = {
  maintenance: "its Mesos agent is going into maintenance",
  operator: "the operator asked for it",
  "profile-changed": "its profile has changed",
  surplus: "it is no longer needed",
  "max-jobs": "it is running the last job of its max-jobs; it finishes that job and takes no other",
  "max-lifetime": "it has reached max-lifetime; it finishes its job, if it has one",
  "fair-share":
    "others wait for their share of the agents (scaling.fair-share); it finishes its job and takes no other",
  "stop-sent": "it registered after KILL was sent, which may still stop it; it gets no jobs",
};

const killHints: Readonly<Partial<Record<KillCause, string>>> = {
  "register-timeout": "check the agent's log in its sandbox: whether it reaches go-server.agent-url, and whether the " +
    "server accepts its auto-register key",
  "pending-stuck": "give its auto-register key (go-agent.auto-register-key, or env of its profile) the server's " +
    "agentAutoRegisterKey, or make the account of go-server.user-name an administrator, who may enable agents",
};

/** The state of a record that must not be changed. */
const unsureWords: Readonly<Record<string, string>> = {
  absent: "is no longer listed by the GoCD server",
  Disabled: "was disabled by someone",
  Pending: "is Pending again: someone has deleted its record",
  Missing: "is Missing: the server has restarted and has not heard from it yet",
  LostContact: "has lost contact with the GoCD server",
};

const launchLossWords: Readonly<Record<"before-this-run" | "on-its-way", string>> = {
  "before-this-run": "the launch was stored, but not sent before the last run ended, or lost in transit",
  "on-its-way": "the launch was lost in transit",
};

/** Maximum number of agents named in a line. */
const namedMax = 3;

function endedFields({ taskId, profile, host, state, reason }: EndedTask): Record<string, string> {
  return { taskId, profile, host, state, ...(reason === undefined ? {} : { reason }) };
}

/** The life cycle of instances. */
export const lifeNotes: NoteWords<keyof LifeNotes> = {
  "agent-running": ({ taskId, profile, host }) => ({
    level: "info",
    text: `${taskId} runs on ${host}; waiting for it to register with the GoCD server`,
    fields: { taskId, profile, host },
  }),
  "agent-registered": ({ taskId, profile, uuid, afterMs, isDisabled }) => ({
    level: "info",
    text: `${taskId} ${
      afterMs === undefined
        ? "is registered with the GoCD server"
        : `has registered with the GoCD server after ${formatDuration(afterMs)}`
    }${isDisabled ? ", but someone has disabled it there" : ""}`,
    fields: { taskId, profile, uuid },
  }),
  "pending-not-proven": ({ taskId, count }) => ({
    level: "warning",
    text: `${count === 1 ? "a Pending GoCD agent is" : `${count} Pending GoCD agents are`} named ${taskId}, ` +
      `${notProvenText}`,
    hint: notProvenHint,
    fields: { taskId, count },
  }),
  "duplicate-hostname": ({ taskId, count }) => ({
    level: "warning",
    text: `${count} GoCD agents are named ${taskId}; the enabled one is used`,
    fields: { taskId, count },
  }),
  "agent-idle": ({ taskId, profile }) => ({ level: "debug", text: `${taskId} is idle`, fields: { taskId, profile } }),
  "agent-building": ({ taskId, profile }) => ({
    level: "debug",
    text: `${taskId} is building`,
    fields: { taskId, profile },
  }),
  "agent-unsure": ({ taskId, profile, word }) => ({
    level: "warning",
    text: `${taskId} ${unsureWords[word] ?? `is in the state ${word}`}; it is left alone`,
    fields: { taskId, profile, word },
  }),
  "agent-draining": ({ taskId, profile, uuid, reason, idleMs, why }) => ({
    level: "info",
    text: `draining ${taskId}: ${
      reason === "idle" ? `it has been idle for ${formatDuration(idleMs)} and ${idleText(why)}` : drainWords[reason]
    }`,
    fields: { taskId, profile, reason, uuid },
  }),
  "drain-undone": ({ taskId, profile }) => ({
    level: "info",
    text: `${taskId} was enabled again by someone; it is kept`,
    fields: { taskId, profile },
  }),
  "agent-reused": ({ taskId, profile }) => ({
    level: "info",
    text: `${taskId} is enabled again: jobs wait that it can take`,
    fields: { taskId, profile },
  }),
  "gocd-record-left": ({ taskId, uuid, forMs, problem }) => ({
    level: "warning",
    text:
      `the GoCD server has not deleted the record of ${taskId} for ${formatDuration(forMs)}; the agent is stopped ` +
      "anyway, and its record is deleted once that works",
    hint: problem?.hint ?? "see the responses of GoCD to DELETE in the lines before",
    fields: { taskId, uuid },
  }),
  "agent-killing": ({ taskId, profile, host, cause, why }) => {
    const hint = killHints[cause];
    return {
      level: cause === "drained" || cause === "teardown" || cause === "by-mesos" ? "info" : "warning",
      text: `${cause === "by-mesos" ? "Mesos stops" : "stopping"} ${taskId}: ${killText(why)}`,
      ...(hint === undefined ? {} : { hint }),
      fields: { taskId, profile, cause, host },
    };
  },
  "agent-not-told-apart": ({ taskId, profile, host, agents, isAdopted }) => {
    const names = agents.slice(0, namedMax).map(({ hostname, ipAddress }) =>
      ipAddress === undefined ? hostname : `${hostname} (${ipAddress})`
    );
    const named = `${names.join(", ")}${agents.length > namedMax ? ", …" : ""}`;
    const since = isAdopted ? "" : "has appeared since its launch and ";
    return {
      level: "error",
      text:
        `${taskId} has not registered under its name in time, but the GoCD agent ${named} ${since}may be the same ` +
        "one: no KILL is sent, or no further one, because it might end a build",
      hint: `let the image of profile ${profile} register under AGENT_AUTO_REGISTER_HOSTNAME (older images: ` +
        `AGENT_HOSTNAME); if that agent belongs to someone else, kill task ${taskId} with the Mesos tools`,
      fields: { taskId, profile, host, agents: names.join(" ") },
    };
  },
  "agent-stopped": (note) => ({ level: "info", text: `${note.taskId} has stopped`, fields: endedFields(note) }),
  "agent-stopped-unregistered": (note) => ({
    level: "info",
    code: "agent-stopped",
    text: `${note.taskId} has stopped; it had never registered with the GoCD server`,
    fields: endedFields(note),
  }),
  "launch-dropped": (note) => ({
    level: "info",
    text: note.isOffer
      ? `${note.taskId} was not launched: the offer was gone (${note.message}); retried automatically`
      : `${note.taskId} was not launched on ${note.host}: ${note.message}; retried automatically`,
    fields: endedFields(note),
  }),
  "launch-failed": (note) => ({
    level: "error",
    text: `${note.taskId} failed to start on ${note.host}: ${note.message}`,
    hint: note.meaning === "unauthorized"
      ? "let mesos.principal run tasks as mesos.user (ACL run_tasks of the Mesos master)"
      : failureHint({ kind: "mesos", message: note.message }, `profile ${note.profile}`),
    fields: endedFields(note),
  }),
  "agent-exited": (note) => ({
    level: "error",
    text: `${note.taskId} exited unexpectedly on ${note.host}: ${note.message}`,
    fields: endedFields(note),
  }),
  "agent-lost": ({ taskId, host, profile, state, reason, message, neverBegan }) => ({
    level: "warning",
    text: neverBegan === undefined
      ? `${taskId} is lost: ${message}`
      : `${taskId} was never launched on ${host}: ${launchLossWords[neverBegan]} (${message}); retried automatically`,
    fields: {
      taskId,
      ...(profile === undefined ? {} : { profile }),
      host,
      ...(state === undefined ? {} : { state }),
      ...(reason === undefined ? {} : { reason }),
    },
  }),
  "agent-unreachable": ({ taskId, host }) => ({
    level: "warning",
    text: `${taskId} is unreachable: Mesos has lost contact with host ${host}; it is replaced if needed`,
    fields: { taskId, host },
  }),
  "agent-doubted": ({ taskId, host, message }) => ({
    level: "warning",
    text:
      `Mesos has lost ${taskId} (${message}), but the GoCD server still has contact with it: it is left alone, and replaced if needed`,
    fields: { taskId, host },
  }),
  "agent-returned": ({ taskId, host }) => ({
    level: "info",
    text: `${taskId} is back: Mesos reaches host ${host} again`,
    fields: { taskId, host },
  }),
  "agent-lives": ({ taskId, host, cause }) => ({
    level: "warning",
    code: "agent-returned",
    text: `${taskId} is alive although Mesos had reported it as ${cause}; it is managed again`,
    fields: { taskId, host },
  }),
  "task-state-unknown": ({ taskId, state }) => ({
    level: "warning",
    text: `Mesos reports ${state} for ${taskId}, a state unknown to this program; it is ignored`,
    fields: { taskId, state },
  }),
  "stderr-read": ({ taskId, profile, host, answer }) => ({
    level: "info",
    text: answer.kind === "read"
      ? `stderr of ${taskId} on ${host}: ${oneLine(answer.text === "" ? "empty" : answer.text, errorCharactersMax)}`
      : `stderr of ${taskId} on ${host} was not read: ${unreadText(answer)}`,
    fields: { taskId, profile, host },
  }),
  "profile-failing": ({ profile, failures, failure, retryInMs }) => ({
    level: "error",
    text:
      `profile ${profile}: ${failures} launches failed in a row (${failureText(failure)}); from now on one is tried ` +
      `at a time, the next in ${formatDuration(retryInMs)}`,
    hint: `${failureHint(failure, `profile ${profile}`)}; once fixed, \`gocd-mesos resume FILE\` retries at once`,
    fields: { profile, failures },
  }),
  "cpu-hours-low": (use) => ({
    level: "warning",
    text: cpuHoursLowText(use),
    hint: cpuHoursHint,
    fields: { usedHours: use.usedHours },
  }),
  "cpu-hours-used-up": (use) => ({
    level: "warning",
    text: `the cpu-hours of the day are used up: ${cpuHoursText(use)}; nothing is launched until midnight`,
    hint: cpuHoursHint,
    fields: { usedHours: use.usedHours },
  }),
  "profile-recovered": ({ taskId, profile }) => ({
    level: "info",
    text: `profile ${profile} works again: ${taskId} has registered`,
    fields: { profile },
  }),
  "brake-on": ({ suspicion, holdsLaunching }) => {
    const { text, hint } = suspicionText(suspicion);
    const what = holdsLaunching ? "nothing is launched, and nothing" : "nothing";
    const server = suspicion.kind === "gocd-unlisted" ? "gocd" : "mesos";
    return { level: "error", text: `${text}; ${what} is taken down until they are back`, hint, fields: { server } };
  },
  "brake-off": ({ server }) => ({
    level: "info",
    text: server === "gocd"
      ? "the GoCD server lists our agents again: operation resumes"
      : "Mesos knows our agents again, or the GoCD server has lost them as well: operation resumes",
    fields: { server },
  }),
  "loss-accepted": ({ instances }) => ({
    level: "warning",
    code: "operator",
    text: instances === 0
      ? "no agents are missing whose loss could be accepted"
      : `the loss of ${counted(instances, "agent")} is accepted: launching and draining resume`,
    fields: { instances },
  }),
};
