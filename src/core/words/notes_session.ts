// Texts of notes about both servers, operators and the program around the core.

import type { HostMaintenance, KeptField, MessageLoss, ProgramNotes, SessionNotes } from "../note.ts";
import { commandText, switchesText } from "./commands.ts";
import { webhookFailingText } from "./conditions.ts";
import { refusedHint, refusedText, removedHint, tornDownBefore } from "./ends.ts";
import type { NoteWords } from "./note_line.ts";
import { counted, formatDuration } from "./phrases.ts";

/** Both servers and operators. */
export const sessionNotes: NoteWords<keyof SessionNotes> = {
  "subscribed": ({ master, masterVersion, frameworkId, instances, isUnsteady }) => ({
    level: isUnsteady === true ? "debug" : "info",
    text: `subscribed to the Mesos master ${master}${
      masterVersion === undefined ? "" : ` (Mesos ${masterVersion})`
    } as framework ${frameworkId}${instances === 0 ? "" : `; asking for our ${counted(instances, "agent")}`}`,
    fields: { master, frameworkId, instances },
  }),
  "framework-failed-over": () => ({
    level: "error",
    text: "another instance has taken over our framework id; this one steps down and leaves all agents to it",
    hint: "run one instance per framework id, or give each its own state",
    fields: {},
  }),
  "framework-refused": ({ error, message }) => ({
    level: "error",
    code: `framework-${error}`,
    text: refusedText(message),
    hint: refusedHint(error, message),
    fields: { error },
  }),
  "framework-replaced": ({ frameworkId = "?", message }) => ({
    level: "warning",
    code: "framework-removed",
    text:
      `Mesos has removed framework ${frameworkId} (${message}); no agent of ours is left, so a new one is registered`,
    fields: {},
  }),
  "framework-removed": ({ frameworkId = "?", instances }) => ({
    level: "error",
    text:
      `Mesos has removed framework ${frameworkId}, but ${
        counted(instances, "agent is", "agents are")
      } on record; no new framework is registered ` +
      "beside them",
    hint: removedHint,
    fields: { instances },
  }),
  // The text of a lost response differs each time; a line per call would flood the log while sessions keep ending.
  "mesos-call-failed": ({ call, outcome, message }) => ({
    level: outcome === "refused" ? "error" : "warning",
    text: outcome === "refused"
      ? `the Mesos call ${callText(call)} was refused: ${message}`
      : `the Mesos call ${callText(call)} got no answer; it is repeated if still needed`,
    fields: { call, outcome, message },
  }),
  "identity-kept": ({ frameworkId, fields }) => ({
    level: "warning",
    text: `Mesos keeps for framework ${
      frameworkId === "" ? "?" : frameworkId
    } the values it was first registered with: ${fields.map(keptText).join(", ")}`,
    hint: "restore the keys, or give up the framework with `gocd-mesos teardown FILE` and start again",
    fields: { frameworkId },
  }),
  "program-stood-still": ({ stoodStillMs }) => ({
    level: "warning",
    text: `this program did not run for ${formatDuration(stoodStillMs)}: its machine was suspended or its clock was ` +
      "changed; no timeout counts that time",
    fields: { stoodStillMs },
  }),
  "maintenance-announced": (note) => ({
    level: "info",
    text: `${maintenanceText(note)} ${
      note.startsInMs <= 0
        ? "keep running; remove the host from the maintenance schedule of Mesos"
        : `keep running, and are drained from ${formatDuration(note.leadMs)} before it (scaling.maintenance-lead)`
    }`,
    fields: { host: note.host, instances: note.instances },
  }),
  "maintenance-requested": (note) => ({
    level: "info",
    text: `${maintenanceText(note)} finish their jobs first`,
    fields: { host: note.host, instances: note.instances },
  }),
  "maintenance-taken-back": ({ host, instances }) => ({
    level: "info",
    text: `Mesos no longer asks to free host ${host}; its ${counted(instances, "agent")} may stay`,
    fields: { host, instances },
  }),
  "gocd-version": ({ version, jobs, agents }) => ({
    level: "info",
    text: `GoCD server ${version}: ${counted(jobs, "job waits", "jobs wait")}, ` +
      `${counted(agents, "agent is", "agents are")} known`,
    fields: { version },
  }),
  "gocd-maintenance": ({ mode }) => ({
    level: "warning",
    text: `the GoCD server is in ${mode}: nothing is launched or taken down until it ends`,
    fields: {},
  }),
  "gocd-maintenance-over": ({ mode }) => ({ level: "info", text: `${mode} is over`, fields: {} }),
  "gocd-answers": ({ failures }) => ({
    level: "info",
    text: `the GoCD server answers again after ${counted(failures, "failed read")}`,
    fields: {},
  }),
  "gocd-call-failed": ({ call, problem }) => ({
    level: problem.kind === "conflict" ? "info" : "warning",
    text: `${callText(call)} failed: ${problem.message}`,
    hint: problem.hint,
    fields: { call, problem: problem.code },
  }),
  "gocd-problem": ({ problem }) => ({
    level: problem.kind === "starting" || problem.kind === "maintenance" ? "warning" : "error",
    code: problem.code,
    text: `${problem.message}; nothing is decided until a poll succeeds`,
    hint: problem.hint,
    fields: { kind: problem.kind },
  }),
  "gocd-finding": ({ finding: { code, message, hint } }) => ({
    level: "warning",
    code,
    text: message,
    hint,
    fields: {},
  }),
  "operator": ({ result, mode }) => ({ level: "info", text: commandText(result), fields: { mode } }),
  "settings-changed": ({ replaced }) => ({
    level: "info",
    text: `the new configuration is in effect${
      replaced === 0
        ? ""
        : `; ${counted(replaced, "agent of a changed profile is", "agents of changed profiles are")} replaced once idle`
    }`,
    fields: { replaced },
  }),
  "switches-in-force": ({ controls }) => ({
    level: "warning",
    text: `still in effect from earlier commands: ${switchesText(controls)}`,
    hint: "`gocd-mesos resume FILE` ends it",
    fields: { mode: controls.mode, frozen: controls.frozen, frozenProfiles: controls.frozenProfiles.join(",") },
  }),
  "torn-down": ({ frameworkId }) => ({
    level: "info",
    text: `framework ${frameworkId} is torn down and forgotten`,
    fields: {},
  }),
};

const faultHint = "please report this line: it is a bug in gocd-mesos";

/** The program around the core. */
export const programNotes: NoteWords<keyof ProgramNotes> = {
  "mesos-failed": ({ message, code = "mesos-error", hint }) => ({
    level: "error",
    code,
    text: `${message}; retried until it succeeds`,
    hint: hint ?? faultHint,
    fields: {},
  }),
  "mesos-steady": ({ master }) => ({
    level: "info",
    text: `the subscription to the Mesos master ${master} is stable again`,
    fields: { master },
  }),
  "store-failed": ({ problem, hint }) => ({
    level: "error",
    text: `${problem}; nothing is launched or taken down until it can`,
    hint: hint ?? "check the disk of state.path",
    fields: {},
  }),
  "store-works": () => ({ level: "info", text: "the state can be stored again", fields: {} }),
  "page-failed": ({ message }) => ({
    level: "error",
    text: `the status page could not be rendered: ${message}`,
    hint: faultHint,
    fields: {},
  }),
  "no-control-file": ({ why, hint }) => ({
    level: "warning",
    text: `the commands drain, freeze, resume, teardown and why will not find this instance: ${why}`,
    hint,
    fields: {},
  }),
  "history-in-memory": ({ why, hint }) => ({
    level: "warning",
    text: `the history is kept in memory and ends with this run: ${why}`,
    hint,
    fields: {},
  }),
  "history-failed": ({ problem, hint }) => ({
    level: "warning",
    text: `${problem}; the program continues, and history that cannot be written is dropped`,
    hint,
    fields: {},
  }),
  "history-works": () => ({ level: "info", text: "the history can be written again", fields: {} }),
  "leading": () => ({ level: "info", text: "this instance leads", fields: {} }),
  "standing-by": ({ leader }) => ({ level: "info", text: `on standby: ${leader} leads`, fields: { leader } }),
  "election-interrupted": ({ message, hint }) => ({
    level: "warning",
    text: `${message}; this instance is on standby and takes part in the election again`,
    hint,
    fields: {},
  }),
  "torn-down-before": () => ({ level: "warning", ...tornDownBefore, fields: {} }),
  "webhook-failed": ({ webhook, what, hint }) => ({
    level: "error",
    text: webhookFailingText(webhook, what),
    hint,
    fields: { webhook },
  }),
  "told-not-kept": ({ problem }) => ({
    level: "warning",
    text: `cannot store which notifications were sent: ${problem}`,
    hint: "make the folder of the state writable; until then ongoing problems are sent again after a restart",
    fields: { problem },
  }),
  "webhook-works": ({ webhook, failedForMs }) => ({
    level: "info",
    text: `messages to webhook ${webhook} are delivered again after ${formatDuration(failedForMs)}`,
    fields: { webhook },
  }),
  "webhook-message-lost": ({ webhook, why }) => ({
    level: "warning",
    text: `a message to webhook ${webhook} is lost: ${lossTexts[why]}`,
    fields: { webhook },
  }),
};

const lossTexts: Readonly<Record<MessageLoss, string>> = {
  "too-many": "too many were waiting",
  "too-old": "it could not be delivered for a day",
  "unwanted": "the receiver refused it",
};

/** `accept offers` of `accept-offers`. */
function callText(call: string): string {
  return call.replaceAll("-", " ").replace("gocd", "GoCD");
}

function keptText({ key, kept, configured }: KeptField): string {
  return `${key} is ${valueText(kept)}, not ${valueText(configured)}`;
}

function valueText(value: string | undefined): string {
  return value === undefined ? "none" : `'${value}'`;
}

function maintenanceText({ host, instances, startsInMs, endsInMs }: HostMaintenance): string {
  const window = (endsInMs ?? Infinity) <= 0
    ? "is over"
    : startsInMs <= 0
    ? "has begun"
    : `in ${formatDuration(startsInMs)}`;
  return `Mesos asks to free host ${host} (maintenance ${window}); ${counted(instances, "agent")} there`;
}
