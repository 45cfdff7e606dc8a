// `gocd-mesos start`, and the bare configuration file: runs until it is stopped. Not here: the program itself (runtime/).
// The process' side of a run: log, signals, status page, exit code.

import type { Config } from "../config/config.ts";
import { hostsOf } from "../config/hosts.ts";
import type { OperatorEvent } from "../core/event.ts";
import { exitCodes } from "../errors.ts";
import type { Log } from "../log/log.ts";
import { createLog } from "../log/log.ts";
import { realClock } from "../runtime/clock.ts";
import { createFramework, type Framework, type FrameworkEnd } from "../runtime/framework.ts";
import { openGocd, openMesos, openStore, randomNumber } from "../runtime/ports.ts";
import { mayReachAll, requireHosts } from "../runtime/permissions.ts";
import { startStatusServer } from "../runtime/status_server.ts";
import { version } from "../version.ts";
import type { Command } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";

/** The command. */
export const startCommand: Command = {
  name: "start",
  summary: "run until stopped; agents go on when it stops",
  help: `Usage: gocd-mesos [start] path/to/framework.conf

Registers with the Mesos master, watches the GoCD server, and keeps just the agents running that the backlog needs.
Logs go to standard error, one line per decision; a status page is served on http.listen (127.0.0.1:8090 by default).

Signals:
  SIGTERM, SIGINT   stop; agents go on running, and the next start takes them over (a second one stops at once)
  SIGHUP            read the configuration again; a bad one is reported and the old one stays in force

Exit codes:
  0 stopped   2 configuration   4 refused by a server   5 another instance has taken over   6 state file

Examples:
  gocd-mesos framework.conf
  gocd-mesos start /etc/gocd-mesos/framework.conf`,
  booleans: [],
  strings: [],
  operandsMin: 1,
  operandsMax: 1,
  operandsText: "one configuration file",
  run: async ({ operands }, io) => {
    const path = operands[0] ?? "";
    return await runConfig(loadConfigFile(path, io), () => loadConfigFile(path, io), io);
  },
};

/** Runs a configuration until a signal or the framework ends it. `wishes` are handled before anything else. */
export async function runConfig(
  config: Config,
  reload: () => Config,
  io: CliIo,
  wishes: readonly OperatorEvent[] = [],
): Promise<number> {
  const log = createLog({
    level: config.log.level,
    format: config.log.format,
    write: io.err,
    isTerminal: io.isErrTerminal,
    nowMs: () => realClock.nowMs(),
  });
  requireHosts(config);
  const store = openStore(config);
  let current = config;
  const mesos = openMesos(() => current, realClock);
  const gocd = openGocd(config, realClock);
  try {
    const framework = await createFramework(config, {
      store,
      gocd,
      mesos,
      clock: realClock,
      random: randomNumber,
      tell: (note, atMs) => log.note(note, atMs),
    });
    for (const wish of wishes) framework.post(wish);
    const status = startStatusServer(config, framework);
    announce(log, config, status?.url);
    const stop = new AbortController();
    const release = watchSignals(io, log, {
      stop: () => stop.abort(),
      reload: () => {
        current = reloaded(current, reload, framework, log);
      },
    });
    let end: FrameworkEnd;
    try {
      end = await framework.run(stop.signal);
    } finally {
      release();
      await status?.close();
    }
    return conclude(end, log);
  } finally {
    mesos.close();
    gocd.close();
    await store.close();
  }
}

function announce(log: Log, config: Config, statusUrl: string | undefined): void {
  const names = config.settings.profiles.map((profile) => profile.name).join(", ");
  log.info(
    `gocd-mesos ${version} starts: GoCD server ${config.gocd.url}, Mesos ${config.mesos.masters}, profiles ${names}`,
  );
  if (statusUrl !== undefined) log.info(`status page on ${statusUrl}`);
  if (mayReachAll()) {
    log.info("this process may connect to every host; `deno task start` or `deno task compile --config` narrow that");
  }
  for (const warning of config.warnings) log.warning(warning);
  for (const gap of hostsOf(config).gaps) log.debug(gap.message, { key: gap.key }, gap.hint);
}

function watchSignals(
  io: CliIo,
  log: Log,
  act: { readonly stop: () => void; readonly reload: () => void },
): () => void {
  let isStopping = false;
  const onStop = (): void => {
    if (isStopping) return io.exitNow(exitCodes.internal);
    isStopping = true;
    log.info("stopping; agents go on running and are taken over at the next start");
    act.stop();
  };
  const releases = [io.onSignal("SIGINT", onStop), io.onSignal("SIGTERM", onStop), io.onSignal("SIGHUP", act.reload)];
  return () => releases.forEach((release) => release());
}

function reloaded(current: Config, reload: () => Config, framework: Framework, log: Log): Config {
  try {
    const next = reload();
    framework.reload(next);
    return next;
  } catch (error) {
    log.error(
      `the new configuration is bad and the old one stays in force: ${
        error instanceof Error ? error.message : String(error)
      }`,
      {},
      error instanceof Error && "hint" in error ? String(error.hint) : undefined,
    );
    return current;
  }
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
      log.error(end.message);
      return exitCodes.superseded;
    case "refused":
      log.error(end.message);
      return exitCodes.refused;
    default:
      return end satisfies never;
  }
}
