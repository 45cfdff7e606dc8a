// `drain`, `freeze`, `resume`, `teardown`: sent to the running instance if there is one, otherwise written to the state
// for the next start.

import type { Config } from "../config/config.ts";
import { type PartialConfig, requireKeys } from "../config/load.ts";
import type { OperatorEvent } from "../core/event.ts";
import { profileOf } from "../core/profile_of.ts";
import { sideEffectText } from "../core/words/commands.ts";
import { initialState, step } from "../core/step.ts";
import { OperatorError } from "../errors.ts";
import { realClock } from "../runtime/clock.ts";
import { sendCommand } from "../runtime/control_client.ts";
import { stateOf } from "../runtime/ports.ts";
import type { Store } from "../store/store.ts";
import { type Command, type CommandArguments, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile, loadNeeded, requireState, warnOfFlaws } from "./load.ts";
import { interruptedCode, runConfig } from "./start.ts";
import { printable } from "./table.ts";
import { UsageError } from "./usage.ts";
import { timeoutCode, waitCodesHelp, waitHelp, type WaitOptions, waitOptions, waitUntilDone } from "./wait.ts";

const where = `Applies to the instance running on this machine with this configuration; if none runs, it is stored for
the next start. Only \`state\` is needed from the file: secrets are not read, and other errors in it are warnings.`;

const waitFlags = { booleans: ["wait"], strings: ["timeout"] };

/** Stop launching, drain everything, keep running. */
export const drainCommand: Command = {
  ...controlCommand("drain", "stop launching and drain every agent, those of one profile, or one agent"),
  ...waitFlags,
  strings: [...waitFlags.strings, "profile", "agent"],
  help: `Usage: gocd-mesos drain [--profile NAME | --agent TASK] [--wait [--timeout TIME]] path/to/framework.conf

Stops launching; every agent is disabled, finishes its job, and is stopped. The program keeps running and can be
resumed. With --profile only agents of that profile are removed, and none is launched until \`resume --profile NAME\`.
With --agent only that one is removed (for example one that misbehaves); another is launched if jobs need it.

${where}

Options:
  --profile NAME    only the agents of this profile
  --agent TASK      only this agent, by its task id (\`gocd-mesos agents\` lists them)
${waitHelp}

${waitCodesHelp}

Examples:
  gocd-mesos drain framework.conf
  gocd-mesos drain --wait --timeout 2h framework.conf
  gocd-mesos drain --profile linux framework.conf
  gocd-mesos drain --agent gocd-abc123-linux-17 framework.conf
  gocd-mesos resume framework.conf`,
  run: ({ operands, flags }, io) => operate(operands, { name: "drain", ...drainOf(flags), ...waitingIn(flags) }, io),
};

/** What is to be drained. */
function drainOf(flags: CommandArguments["flags"]): Pick<OperatorCommand, "body" | "event"> {
  const { profile, agent } = flags;
  if (typeof profile === "string" && typeof agent === "string") {
    throw new UsageError("--profile and --agent exclude each other", "choose one");
  }
  if (typeof profile === "string") return { body: { profile }, event: { kind: "profile-drain-requested", profile } };
  if (typeof agent !== "string") return { body: {}, event: { kind: "drain-requested" } };
  return { body: { agent }, event: { kind: "agent-drain-requested", taskId: agent } };
}

/** Stop launching. */
export const freezeCommand: Command = {
  ...controlCommand("freeze", "stop launching, for one profile or all; running agents continue"),
  strings: ["profile"],
  help: `Usage: gocd-mesos freeze [--profile NAME] path/to/framework.conf

Stops launching, for one profile or all. Existing agents are still used: they continue to build, draining agents are
enabled again for waiting jobs, and idle agents are removed.

Options:
  --profile NAME    only this profile

${where}

Examples:
  gocd-mesos freeze framework.conf
  gocd-mesos freeze --profile linux framework.conf`,
  run: launchSwitch("freeze", "launching-frozen"),
};

/** Launch again. */
export const resumeCommand: Command = {
  ...controlCommand("resume", "launch again after freeze, drain or failures"),
  strings: ["profile"],
  help: `Usage: gocd-mesos resume [--profile NAME] path/to/framework.conf

Ends a freeze (of one profile, or of all) and a drain, and retries failing
profiles and hosts at once. If several instances share the state, it also
allows a new framework to be registered after a teardown.

Options:
  --profile NAME    only this profile

${where}

Examples:
  gocd-mesos resume framework.conf
  gocd-mesos resume --profile linux framework.conf`,
  run: launchSwitch("resume", "launching-resumed"),
};

function launchSwitch(name: string, kind: "launching-frozen" | "launching-resumed"): Command["run"] {
  return ({ operands, flags }, io) => {
    const body = profileIn(flags);
    return operate(operands, { name, body, event: { kind, ...body } }, io);
  };
}

/** Treat agents that have vanished from a server as lost. */
export const acceptLossCommand: Command = {
  ...controlCommand(
    "accept-loss",
    "declare that agents which vanished all at once are lost; launching and scale-in resume",
  ),
  help: `Usage: gocd-mesos accept-loss path/to/framework.conf

If most agents vanish from the GoCD server or from Mesos at once, it may be the wrong server: nothing is removed or
launched (brake-on in the log and on the status page). Operation resumes without a restart as soon as they are back.
This command declares that they are really lost: their records and containers are cleaned up.

Only a running instance holds anything back, so one must be running on this machine with this configuration.

Examples:
  gocd-mesos accept-loss framework.conf`,
  run: async ({ operands }, io) => {
    const part = loadNeeded(operands[0] ?? "", io);
    warnOfFlaws(part, io);
    const answer = await sendCommand(part.config, "accept-loss", {});
    if (answer === undefined) {
      throw new OperatorError("no instance is running here: only a running one holds anything back", {
        code: "not-running",
        kind: "usage",
        hint: "start it; if it then holds agents back (brake-on), repeat this command",
      });
    }
    io.out(printable(answer));
    return 0;
  },
};

/** Remove the framework from Mesos. */
export const teardownCommand: Command = {
  ...controlCommand("teardown", "drain (or --now), remove the framework from Mesos, forget its id"),
  booleans: [...waitFlags.booleans, "now", "yes"],
  strings: waitFlags.strings,
  help: `Usage: gocd-mesos teardown [--now] [--yes] [--wait [--timeout TIME]] path/to/framework.conf

Drains every agent, then removes the framework from Mesos (TEARDOWN) and forgets its id. With --now it does not wait:
Mesos kills every agent at once, and running builds are lost.
The running instance does this, if there is one; otherwise this command runs until it is done (exit code 130 if a
signal ends it earlier). Then the instance ends; the next start registers a new framework. If several instances share
the state (state = "zk://…"), the others stay on standby: none registers a framework until "gocd-mesos resume".

Options:
  --now             do not wait for builds
  --yes             do not ask (required without a terminal)
${waitHelp}

${waitCodesHelp}

Examples:
  gocd-mesos teardown framework.conf
  gocd-mesos teardown --wait framework.conf
  gocd-mesos teardown --now --yes framework.conf`,
  run: teardown,
};

interface OperatorCommand {
  readonly name: string;
  readonly body: { readonly profile?: string; readonly agent?: string };
  readonly event: OperatorEvent;
  /** Absent: do not wait. */
  readonly waiting?: WaitOptions;
}

function waitingIn(flags: CommandArguments["flags"]): Pick<OperatorCommand, "waiting"> {
  const waiting = waitOptions(flags);
  return waiting === undefined ? {} : { waiting };
}

function controlCommand(name: string, summary: string): Omit<Command, "help" | "run"> {
  return {
    name,
    summary,
    booleans: [],
    strings: [],
    operands: oneFile,
  };
}

function profileIn(flags: CommandArguments["flags"]): { readonly profile?: string } {
  return typeof flags["profile"] === "string" ? { profile: flags["profile"] } : {};
}

async function operate(operands: readonly string[], command: OperatorCommand, io: CliIo): Promise<number> {
  const part = loadNeeded(operands[0] ?? "", io);
  warnOfFlaws(part, io);
  const answer = await sendCommand(part.config, command.name, command.body);
  io.out(printable(answer ?? await storeForNextStart(part, command)));
  const { body, waiting } = command;
  return waiting === undefined ? 0 : await waitUntilDone({ part, what: "drain", of: body, options: waiting }, io);
}

async function storeForNextStart(part: PartialConfig, { name, body, event }: OperatorCommand): Promise<string> {
  const { config } = part;
  const { profile, agent } = body;
  if (profile !== undefined) requireProfile(part, profile);
  requireState(part);
  const beside = await withOwnStore(config, name, (store) => storeCommand(store, config, event));
  const of = profile !== undefined ? ` of profile ${profile}` : agent === undefined ? "" : ` of ${agent}`;
  const { place } = stateOf(config);
  return `no instance runs here: "${name}"${of} is stored in ${place} and takes effect at the next start${beside}`;
}

/** A running instance checks its profiles itself. */
function requireProfile(part: PartialConfig, name: string): void {
  const { path, settings } = part.config;
  if (profileOf(settings, name) !== undefined) return;
  requireKeys(part, /^($|profiles)/);
  throw new OperatorError(`there is no profile "${name}" in ${path}`, {
    code: "profile-unknown",
    kind: "usage",
    hint: `name one of: ${settings.profiles.map((each) => each.name).join(", ")}`,
  });
}

/**
 * Applies an operator's command to the stored state, exactly as the running program would; returns what to print about
 * it.
 */
async function storeCommand(store: Store, config: Config, event: OperatorEvent): Promise<string> {
  const atMs = realClock.nowMs();
  const state = initialState(await store.load(), config.settings, atMs);
  if (event.kind === "agent-drain-requested" && !state.instances.has(event.taskId)) {
    throw new OperatorError(`there is no agent ${event.taskId} in the state`, {
      code: "agent-unknown",
      kind: "usage",
      hint: "name an agent by its task id, as `gocd-mesos state show FILE` lists them",
    });
  }
  await store.commit(step(state, { atMs, random: 0.5, event }).records);
  return sideEffectText(state.controls, event);
}

/** Changes the state of an instance that is not running. Throws if one is running that cannot be reached. */
async function withOwnStore<Result>(
  config: Config,
  name: string,
  act: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openedStore(config, name);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

async function openedStore(config: Config, name: string): Promise<Store> {
  const state = stateOf(config);
  try {
    return await state.openForCommand();
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "state-locked") throw error;
    throw new OperatorError(`"${name}" cannot reach the running instance: ${error.message}`, {
      code: error.code,
      kind: "state",
      hint: state.isShared
        ? "run the command on the machine of that instance, or send it to its status page (http.admin-token)"
        : "if it is starting or stopping, try again in a few seconds",
      cause: error,
    });
  }
}

async function teardown({ operands, flags }: CommandArguments, io: CliIo): Promise<number> {
  const path = operands[0] ?? "";
  const mode = flags["now"] === true ? "now" : "drain";
  const { waiting } = waitingIn(flags);
  const part = loadNeeded(path, io);
  if (flags["yes"] !== true) {
    requireKeys(part, /^(mesos\.name)?$/);
    confirm(part.config, mode, io);
  }
  const answer = await sendCommand(part.config, "teardown", { mode });
  if (answer !== undefined) {
    warnOfFlaws(part, io);
    io.out(printable(answer));
    return waiting === undefined ? 0 : await waitUntilDone({ part, what: "teardown", options: waiting }, io);
  }
  requireState(part);
  if (!await isRegistered(part.config)) {
    io.out("nothing to tear down: this state has no registered framework");
    return 0;
  }
  const read = (): Config => loadConfigFile(path, io);
  const config = read();
  io.out("no instance is running here: this command tears down the framework itself");
  const limit = stoppedAfter(waiting?.limitMs, io);
  const code = await runConfig(config, read, limit.io, [{ kind: "teardown-requested", mode }]).finally(limit.end);
  const end = code === 0 ? await codeOfEnd(config, io) : code;
  return limit.isOver() && end === interruptedCode ? timeoutCode : end;
}

/** If there is no state, none is created. */
async function isRegistered(config: Config): Promise<boolean> {
  if (await stateOf(config).read() === undefined) return false;
  return await withOwnStore(config, "teardown", async (store) => {
    const { framework, instances } = await store.load();
    return framework.frameworkId !== undefined || instances.length > 0;
  });
}

interface TimeLimited {
  readonly io: CliIo;
  readonly isOver: () => boolean;
  readonly end: () => void;
}

/** A terminal that ends its program after some time, as by a signal. */
function stoppedAfter(limitMs: number | undefined, io: CliIo): TimeLimited {
  let stop = (): void => {};
  let isOver = false;
  const end = new AbortController();
  const onSignal: CliIo["onSignal"] = (signal, handler) => {
    if (signal === "SIGTERM") stop = handler;
    return io.onSignal(signal, handler);
  };
  const onLimit = (): void => {
    isOver = !end.signal.aborted;
    if (isOver) stop();
  };
  if (limitMs !== undefined) io.machine.sleep(limitMs, end.signal).then(onLimit);
  return { io: { ...io, onSignal }, isOver: () => isOver, end: () => end.abort() };
}

/** A signal may have ended it early; then the exit code must not be 0. */
async function codeOfEnd(config: Config, io: CliIo): Promise<number> {
  const { framework, controls, instances } = await withOwnStore(config, "teardown", (store) => store.load());
  if (framework.frameworkId === undefined && instances.length === 0) return 0;
  io.err(printable(
    `gocd-mesos: not torn down: framework ${framework.frameworkId ?? "(none)"} and ${instances.length} agents are ` +
      "still on record",
  ));
  io.err(
    controls.mode === "teardown"
      ? "  to do: run `gocd-mesos teardown` again; a start also continues it, unless `gocd-mesos resume` cancels it"
      : "  to do: run `gocd-mesos teardown` again",
  );
  return interruptedCode;
}

function confirm(config: Config, mode: "drain" | "now", io: CliIo): void {
  const question = mode === "now"
    ? `Tear down framework "${config.mesos.name}" now? All agents are killed, with their builds. Type yes:`
    : `Tear down framework "${config.mesos.name}" once its agents are drained? Type yes:`;
  const answer = io.ask(question);
  if (answer?.trim().toLowerCase() === "yes") return;
  throw new OperatorError(answer === undefined ? "teardown needs a confirmation" : "not confirmed; nothing was done", {
    code: "not-confirmed",
    kind: "usage",
    hint: answer === undefined ? "there is no terminal to ask on; add --yes" : "type yes, or add --yes",
  });
}
