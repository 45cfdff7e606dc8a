// `gocd-mesos check`: checks everything that a run needs. One row per finding, and an exit code for the kind of the
// first failure.

import { counted, listNames } from "../core/words/phrases.ts";
import type { Config } from "../config/config.ts";
import { hintOf, reasonOf } from "../config/hocon.ts";
import { hostsOf } from "../config/hosts.ts";
import { bucketJobs } from "../core/demand/backlog.ts";
import { missingEnvironmentFindings } from "../core/demand/environments.ts";
import { wantsGroups } from "../core/demand/pipeline_groups.ts";
import type { Finding } from "../core/event.ts";
import { foldFindings } from "../core/view/findings.ts";
import type { StatusView } from "../core/view/view.ts";
import { maintenanceMode } from "../core/demand/reason.ts";
import type { AgentInstance } from "../core/instance.ts";
import { OperatorError } from "../errors.ts";
import type { GocdPoll, GocdRights } from "../gocd/api.ts";
import { mastersText, serverUrlText } from "../net/addresses.ts";
import { realClock } from "../runtime/clock.ts";
import { requireRights } from "../runtime/permissions.ts";
import { openGocd, openMesos, stateOf } from "../runtime/ports.ts";
import { checkStart, otherInstance, type StateFound } from "./check_start.ts";
import { pendingWarning, silenceWarning } from "./check_agents.ts";
import { groupsWarning, unknownGroups } from "./check_groups.ts";
import { checkHistory } from "./check_history.ts";
import { checkSandbox } from "./check_rights.ts";
import { type Command, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";
import { type Report, reportRows } from "./report.ts";
import { gocdLimit, mesosLimit, withinLimit } from "./time_limit.ts";

/** The command. */
export const checkCommand: Command = {
  name: "check",
  summary: "validate the file and log in to GoCD and Mesos",
  help: `Usage: gocd-mesos check [--json] path/to/framework.conf

Validates the configuration and checks the files of state and history; asks the GoCD server for its version, jobs,
agents and the rights of the account; asks the Mesos masters for their leader and version. Finally it checks whether a
start would be refused: because a process that does not respond uses the state, because a port is in use, or because
agents of a lost state are still alive. Nothing is registered, launched or changed. Prints one row per finding: ok,
warn or FAIL, with the next step; and one row (sandbox) for each permission of a start: hosts and ports, files and
variables.

If an instance runs with the state of the file, one row (ok) shows its process, and everything else is checked: exit
code 0 means that it can reload the file.

Options:
  --json    one JSON object with the rows and the exit code, instead of the rows

Exit codes (that of the first FAIL):
  0  no FAIL (perhaps warnings)      2  the file, or http.listen     3  a server cannot be reached or is not ready
  4  access or the start is refused  6  the state file

Examples:
  gocd-mesos check framework.conf
  gocd-mesos check framework.conf && gocd-mesos framework.conf
  gocd-mesos check --json framework.conf | jq -r '.rows[] | select(.level == "failure") | .hint'`,
  booleans: ["json"],
  strings: [],
  operands: oneFile,
  run: async ({ operands, flags }, io) => {
    const path = operands[0] ?? "";
    return await reportRows(flags["json"] === true, io, async (report) => void await checkAll(path, report, io));
  },
};

/** The checked data. */
export interface Checked {
  readonly config: Config;
  /** Absent: the GoCD server could not be polled. */
  readonly poll?: GocdPoll;
  /** The picture of the instance that runs here; absent: none runs. */
  readonly running?: StatusView;
}

/** Checks everything that `check` reports; returns nothing if the file is invalid. */
export async function checkAll(path: string, report: Report, io: CliIo): Promise<Checked | undefined> {
  const config = checkConfig(path, report, io);
  if (config === undefined) return undefined;
  checkSandbox(config, report);
  const state = await checkState(config, report);
  checkHistory(config, report);
  const ours = new Map(state.stored?.instances.map((each) => [each.taskId, each]));
  const poll = await checkGocd(config, ours, report);
  checkKey(config, report);
  await checkMesos(config, report);
  const running = await checkStart(config, state, report);
  return { config, ...(poll === undefined ? {} : { poll }), ...(running === undefined ? {} : { running }) };
}

function checkConfig(path: string, report: Report, io: CliIo): Config | undefined {
  try {
    const config = loadConfigFile(path, io);
    requireRights(config);
    const names = config.settings.profiles.map((profile) => profile.name);
    report.ok("config", `${path}: valid, ${counted(names.length, "profile")} (${names.join(", ")})`);
    for (const error of unreadableEnvFiles(config, io)) report.fail("config", error);
    for (const warning of config.warnings) report.warn("config", warning, "");
    for (const gap of hostsOf(config).gaps) report.warn("config", `${gap.key}: ${gap.message}`, gap.hint);
    const split = groupsWarning(config.settings);
    if (split !== undefined) report.warn("config", split.text, split.hint);
    return config;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    report.fail("config", error);
    return undefined;
  }
}

/** The values of env-files are read at each launch, which fails without them. */
function unreadableEnvFiles(config: Config, io: CliIo): readonly OperatorError[] {
  const files = config.settings.profiles.flatMap(({ container }) => Object.entries(container.envFiles));
  return [...new Map(files.map(([name, path]) => [path, name]))].flatMap(([path, name]) => {
    try {
      io.readFile(path);
      return [];
    } catch (error) {
      const message = `${config.path}: env-files.${name}: cannot read ${path}: ${reasonOf(error)}`;
      const hint = hintOf(error, "restore the file, or correct its path: no agent can be launched without it");
      return [new OperatorError(message, { code: "env-file-unreadable", kind: "usage", hint })];
    }
  });
}

async function checkState(config: Config, report: Report): Promise<StateFound> {
  try {
    const state = stateOf(config);
    const inUse = otherInstance(state);
    const stored = await state.read();
    const path = state.place;
    if (stored === undefined) {
      report.ok("state", `${path}: none yet, it is created at the first start`);
    } else {
      const id = stored.framework.frameworkId;
      const framework = id === undefined ? "not registered yet" : `framework ${id}`;
      report.ok("state", `${path}: ${framework}, ${counted(stored.instances.length, "agent")} on record`);
    }
    return { ...(stored === undefined ? {} : { stored }), ...(inUse === undefined ? {} : { inUse }) };
  } catch (error) {
    report.fail("state", error);
    return {};
  }
}

/** Version, jobs, agents and the rights of the account; `ours`: the instances on record, by task id. */
export async function checkGocd(
  config: Config,
  ours: ReadonlyMap<string, AgentInstance>,
  report: Report,
): Promise<GocdPoll | undefined> {
  const gocd = openGocd(config, realClock);
  const { profiles } = config.settings;
  const named = profiles.flatMap(({ environments }) => environments === "*" ? [] : environments);
  const limit = gocdLimit(config);
  let poll: GocdPoll | undefined;
  try {
    const startMs = realClock.nowMs();
    const questions = {
      environments: [...new Set(named)],
      ...(wantsGroups(config.settings) ? { pipelineGroups: true } as const : {}),
    };
    poll = await withinLimit(limit, (signal) => gocd.poll(signal, questions));
    const tookMs = Math.round(realClock.nowMs() - startMs);
    const { jobs, agents } = poll;
    const version = poll.server.version.replace(/^</, "older than ");
    const counts = `${counted(jobs.length, "job waits", "jobs wait")}, ${counted(agents.length, "agent")}`;
    report.ok("gocd", `${serverUrlText(config.gocd.url)}: GoCD ${version}, ${counts} (${tookMs} ms)`);
    if (poll.server.maintenance === "on") {
      const mode = maintenanceMode(poll.server.version);
      report.warn("gocd", `the server is in ${mode}: nothing is launched until it ends`, `end ${mode} in GoCD`);
    }
    const isRights = ({ code }: Finding): boolean => code === "gocd-too-few-rights";
    const { foreign } = bucketJobs(jobs, config.settings.poller, poll.server.resourceCase);
    for (const finding of foldFindings(poll.findings, foreign).filter((each) => !isRights(each))) {
      report.warn("gocd", finding.message, finding.hint);
    }
    for (const { message, hint } of missingEnvironmentFindings(profiles, poll.missingEnvironments ?? [])) {
      report.warn("gocd", message, hint);
    }
    for (const { text, hint } of unknownGroups(config.settings, poll.pipelineGroups)) report.warn("gocd", text, hint);
    checkRights(await withinLimit(limit, (signal) => gocd.rights(signal)), poll.findings.find(isRights), report);
    for (const warning of [silenceWarning(agents), pendingWarning(agents, ours, profiles)]) {
      if (warning !== undefined) report.warn("agents", warning.text, warning.hint);
    }
  } catch (error) {
    report.fail("gocd", error);
  } finally {
    gocd.close();
  }
  return poll;
}

function checkKey({ settings: { profiles } }: Config, report: Report): void {
  const keyless = profiles.filter(({ registerKey }) => registerKey === undefined);
  if (keyless.length === 0) return;
  const whose = keyless.length === profiles.length ? "" : ` of ${listNames(keyless.map(({ name }) => name))}`;
  report.warn(
    "agents",
    `go-agent.auto-register-key is not set: agents${whose} register as Pending and are enabled one at a time`,
    "set it to agentAutoRegisterKey of the server's config",
  );
}

/** Without them agents could be launched, but never removed. */
function checkRights(rights: GocdRights, finding: Finding | undefined, report: Report): void {
  const hint = "make the account an administrator in GoCD";
  if (rights.admin === "yes") {
    report.ok("rights", `administrator: ${rights.detail}`);
  } else if (rights.admin === "unknown") {
    report.warn("rights", rights.detail, `${hint}, if it is not one`);
  } else {
    const text = finding?.message ?? rights.detail;
    report.fail("rights", new OperatorError(text, { code: "gocd-too-few-rights", kind: "refused", hint }));
  }
}

/** The leader of the masters and its version. */
export async function checkMesos(config: Config, report: Report): Promise<void> {
  const mesos = openMesos(() => config, realClock);
  try {
    const { leader, version } = await withinLimit(mesosLimit(config), (signal) => mesos.probe(signal));
    report.ok("mesos", `${mastersText(config.mesos.masters)}: the leader is ${leader}, Mesos ${version}`);
  } catch (error) {
    report.fail("mesos", error);
  } finally {
    mesos.close();
  }
}
