// `gocd-mesos start`: the process around a run: log, signals, status page, exit code.

import type { Config } from "../config/config.ts";
import { hostsOf } from "../config/hosts.ts";
import type { OperatorEvent } from "../core/event.ts";
import { noteLine } from "../core/words/notes.ts";
import { exitCodes, OperatorError } from "../errors.ts";
import type { Log } from "../log/log.ts";
import { createLog } from "../log/log.ts";
import { watchFiles } from "../runtime/file_watch.ts";
import type { NoteSink } from "../runtime/engine.ts";
import type { FrameworkEnd } from "../runtime/framework.ts";
import { type LivePorts, openLivePorts } from "../runtime/live_ports.ts";
import { randomNumber } from "../runtime/ports.ts";
import { requireRights, sandboxHint, sandboxOf, sandboxText } from "../runtime/permissions.ts";
import { type Notifier, startNotifier, withNotifier } from "../runtime/notifier.ts";
import { openToldFile, toldPaths } from "../runtime/told_file.ts";
import { openProgram, type Program } from "../runtime/program.ts";
import { openStatusPage, type StatusPage } from "../runtime/status_page.ts";
import { openRecorder, type Recorder } from "../runtime/recorder.ts";
import { type Command, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";
import { type ReloadCause, reloadConfig, tellRefusal, tellRemarks } from "./reload.ts";
import { endOf } from "./report.ts";
import { endIn, logConfigOf, startText } from "./start_end.ts";

/** The command. */
export const startCommand: Command = {
  name: "start",
  summary: "run until stopped; agents keep running when it stops",
  help: `Usage: gocd-mesos [start] path/to/framework.conf [--require-sandbox]

Registers with the Mesos master, watches the GoCD server, and keeps exactly the agents running that the backlog needs.
Logs go to standard error, one line per decision; a status page is served on http.listen (127.0.0.1:8090 by default).

A server that cannot be reached, or refuses access, is retried until it responds.

Options:
  --require-sandbox   refuse to start if the program could access other hosts, files or variables than those of the
                      file (\`check\` lists its permissions)

Signals:
  SIGTERM, SIGINT   stop; agents keep running, and the next start takes them over (a second one stops at once, code 130)
  SIGHUP            reload the configuration (also done automatically when the file changes): changes are logged,
                    with the same warnings as at a start; an invalid file is reported and the old configuration still
                    applies. Closing the terminal in which it was started stops it

Exit codes:
  0 stopped   2 configuration   4 refused permanently (framework removed; agents of a lost state are alive)
  5 another instance has taken over   6 state file

Examples:
  gocd-mesos framework.conf
  gocd-mesos start /etc/gocd-mesos/framework.conf`,
  booleans: ["require-sandbox"],
  strings: [],
  operands: oneFile,
  run: async ({ operands, flags }, io) => {
    const path = operands[0] ?? "";
    let config: Config;
    try {
      config = loadConfigFile(path, io);
      if (flags["require-sandbox"] === true) requireSandbox(config);
    } catch (error) {
      return endIn(logOf(logConfigOf(path, io), io), error);
    }
    return await runConfig(config, () => loadConfigFile(path, io), io);
  },
};

/** Runs a configuration until a signal or the framework ends it. `commands` are handled before anything else. */
export async function runConfig(
  config: Config,
  read: () => Config,
  io: CliIo,
  commands: readonly OperatorEvent[] = [],
): Promise<number> {
  let log = logOf(config.log, io);
  const stop = new AbortController();
  const closers: (() => void | Promise<void>)[] = [];
  try {
    requireRights(config);
    // In a sandbox the main thread has already logged it, before this Worker was loaded.
    if (io.supervisor === undefined) log.info(startText(config));
    const ports = openLivePorts(config, io.machine);
    closers.unshift(() => ports.close());
    const recorder = openRecorder(config, io.machine);
    closers.unshift(() => recorder?.close());
    const { program, notifier } = await openTold(config, {
      ports,
      recorder,
      machine: io.machine,
      log: (note, atMs) => log.note(noteLine(note, atMs), atMs),
    });
    closers.unshift(() => program.close());
    closers.unshift(() => notifier.close());
    const page = openStatusPage(config, withNotifier(program, notifier));
    closers.unshift(() => page.close());
    announce(log, config, page.url());
    const apply = (cause: ReloadCause): void => {
      const use = (next: Config): void => {
        useConfig(next, { ports, program, notifier, page, recorder, log: () => log });
        log = logOf(next.log, io);
      };
      reloadConfig({ cause, current: ports.config(), read, use, log: () => log });
    };
    const reload = (cause: ReloadCause): void => askedReload(cause, { io, log: () => log, stop, apply });
    const leave = (): void => page.abandon();
    closers.unshift(watchSignals(io, () => log, { stop, reload: () => reload("signal"), leave }));
    const watching = watchFiles({
      paths: () => [ports.config().path, ...ports.config().readFiles ?? []],
      onChange: () => reload("file-changed"),
      clock: io.machine,
    }, stop.signal);
    const end = await program.run(stop.signal, commands);
    stop.abort();
    await watching;
    return conclude(end, log);
  } catch (error) {
    return endIn(log, error);
  } finally {
    stop.abort();
    for (const close of closers) await close();
  }
}

/** The program and the consumers of its notes: the log, and webhooks. Another consumer is one more line. */
async function openTold(
  config: Config,
  { ports: { gocd, mesos }, recorder, machine, log }: {
    readonly ports: LivePorts;
    readonly recorder: Recorder | undefined;
    readonly machine: CliIo["machine"];
    readonly log: NoteSink;
  },
): Promise<{ readonly program: Program; readonly notifier: Notifier }> {
  let program: Program | undefined;
  const notifier = startNotifier(config, {
    machine,
    random: randomNumber,
    view: () => program?.picture().view,
    tell: (note) => program?.tell(note),
    memory: (next) => {
      const paths = toldPaths(next);
      return paths === undefined ? undefined : openToldFile(paths);
    },
  });
  const sinks: readonly NoteSink[] = [log, notifier.sink];
  const tell: NoteSink = (note, atMs) => sinks.forEach((sink) => sink(note, atMs));
  try {
    const recording = recorder === undefined ? {} : { recorder };
    program = await openProgram(config, { gocd, mesos, clock: machine, random: randomNumber, ...recording, tell });
    return { program, notifier };
  } catch (error) {
    await notifier.close();
    throw error;
  }
}

function logOf({ level, format }: Config["log"], io: CliIo): Log {
  return createLog({
    level,
    format,
    write: io.err,
    isTerminal: io.isErrTerminal,
    nowMs: () => io.machine.nowMs(),
  });
}

interface Running {
  readonly ports: LivePorts;
  readonly program: Program;
  readonly notifier: Notifier;
  readonly page: StatusPage;
  readonly recorder: Recorder | undefined;
  readonly log: () => Log;
}

function useConfig(next: Config, { ports, program, notifier, page, recorder, log }: Running): void {
  ports.use(next);
  program.reload(next);
  recorder?.limit(next.history);
  notifier.use(next);
  page.use(next).then((url) => {
    if (url !== undefined) log().info(`status page on ${url}`);
  }, (error) => {
    const { code, text, hint } = endOf(error);
    log().end(code, text, hint);
  });
}

function announce(log: Log, config: Config, statusUrl: string | undefined): void {
  if (statusUrl !== undefined) log.info(`status page on ${statusUrl}`);
  tellSandbox(log, config);
  tellRemarks(log, config);
}

function tellSandbox(log: Log, config: Config): void {
  const sandbox = sandboxOf();
  if (sandbox.mode === "on") log.info(`sandbox: on: only ${hostsOf(config).net.join(", ")} can be reached`);
  else log.info(`sandbox: ${sandboxText(sandbox)}`, {}, sandboxHint(config));
}

function requireSandbox(config: Config): void {
  const sandbox = sandboxOf();
  if (sandbox.mode === "on") return;
  throw new OperatorError(`--require-sandbox: the sandbox is ${sandboxText(sandbox)}`, {
    code: "sandbox-required",
    kind: "usage",
    hint: sandboxHint(config),
  });
}

/** Reloads immediately, or as decided by the main thread of the sandbox. */
function askedReload(
  cause: ReloadCause,
  { io, log, stop, apply }: {
    readonly io: CliIo;
    readonly log: () => Log;
    readonly stop: AbortController;
    readonly apply: (cause: ReloadCause) => void;
  },
): void {
  if (io.supervisor === undefined) return apply(cause);
  io.supervisor.askReload().then((answer) => {
    if (stop.signal.aborted) return;
    if (answer.kind === "apply") return apply(cause);
    if (answer.kind === "refused") return tellRefusal(log(), answer);
    log().info(`the new configuration needs other permissions (${answer.changes.join(", ")}): the program restarts`);
    stop.abort();
  });
}

/** Exit code of a process that a signal ends early. */
export const interruptedCode = 130;

function watchSignals(
  io: CliIo,
  log: () => Log,
  act: { readonly stop: AbortController; readonly reload: () => void; readonly leave: () => void },
): () => void {
  const onStop = (): void => {
    if (act.stop.signal.aborted) {
      act.leave();
      return io.exitNow(interruptedCode);
    }
    log().info("stopping; agents keep running and are taken over at the next start");
    act.stop.abort();
  };
  // The kernel also sends SIGHUP when the terminal is closed: then nothing could stop it any more.
  const onHangUp = (): void => io.hasHungUp() ? onStop() : act.reload();
  const releases = [io.onSignal("SIGINT", onStop), io.onSignal("SIGTERM", onStop), io.onSignal("SIGHUP", onHangUp)];
  return () => releases.forEach((release) => release());
}

function conclude(end: FrameworkEnd, log: Log): number {
  switch (end.kind) {
    case "stopped":
      log.info("stopped");
      return 0;
    case "torn-down":
      log.info(end.message);
      return 0;
    case "superseded":
      log.end(
        "framework-superseded",
        end.message,
        "only one instance may use this framework id: stop the other one to use this one",
      );
      return exitCodes.superseded;
    case "refused":
      log.end("framework-refused", end.message, end.hint);
      return exitCodes.refused;
    default:
      return end satisfies never;
  }
}
