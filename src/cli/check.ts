// `gocd-mesos check`: is everything there that a run needs? Not here: running.
// One row per finding, and an exit code that says the worst.

import type { Config } from "../config/config.ts";
import { exitCodes, OperatorError } from "../errors.ts";
import { realClock } from "../runtime/clock.ts";
import { openGocd, openMesos } from "../runtime/ports.ts";
import type { Command } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";
import { printable } from "./table.ts";

/** The command. */
export const checkCommand: Command = {
  name: "check",
  summary: "validate the file and reach GoCD and Mesos with its credentials",
  help: `Usage: gocd-mesos check path/to/framework.conf

Reads and validates the configuration, asks the GoCD server for its version, jobs and agents and for the rights of the
account, and the Mesos master for the leader and its version. Nothing is registered, launched or changed.
One row per finding: ok, warn or FAIL, with what to do.

Exit codes:
  0  all well (warnings included)    2  the file    3  a server cannot be reached    4  a server refuses us

Examples:
  gocd-mesos check framework.conf`,
  booleans: [],
  strings: [],
  operandsMin: 1,
  operandsMax: 1,
  operandsText: "one configuration file",
  run: async ({ operands }, io) => {
    const path = operands[0] ?? "";
    const config = loadConfigFile(path, io);
    const report = new Report(io);
    report.ok("config", `${path}: ${describeProfiles(config)}`);
    for (const warning of config.warnings) report.warn("config", warning, "");
    const limit = AbortSignal.timeout(config.gocd.timeoutMs * 4 + 30_000);
    await checkGocd(config, report, limit);
    await checkMesos(config, report, limit);
    return report.exitCode;
  },
};

class Report {
  readonly #io: CliIo;
  exitCode = 0;

  constructor(io: CliIo) {
    this.#io = io;
  }

  ok(what: string, text: string): void {
    this.#io.out(`ok    ${what.padEnd(7)} ${printable(text)}`);
  }

  warn(what: string, text: string, hint: string): void {
    this.#io.out(`warn  ${what.padEnd(7)} ${printable(text)}`);
    if (hint !== "") this.#io.out(`${" ".repeat(14)}to do: ${printable(hint)}`);
  }

  fail(what: string, error: unknown): void {
    const known = error instanceof OperatorError ? error : undefined;
    this.#io.out(`FAIL  ${what.padEnd(7)} ${printable(error instanceof Error ? error.message : String(error))}`);
    if (known !== undefined && known.hint !== "") this.#io.out(`${" ".repeat(14)}to do: ${printable(known.hint)}`);
    const code = exitCodes[known?.kind ?? "internal"];
    if (this.exitCode === 0) this.exitCode = code;
  }
}

function describeProfiles(config: Config): string {
  const names = config.settings.profiles.map((profile) => profile.name);
  return `valid, ${names.length} profile${names.length === 1 ? "" : "s"} (${names.join(", ")})`;
}

async function checkGocd(config: Config, report: Report, signal: AbortSignal): Promise<void> {
  const gocd = openGocd(config, realClock);
  try {
    const startMs = realClock.nowMs();
    const poll = await gocd.poll(signal);
    const tookMs = realClock.nowMs() - startMs;
    report.ok(
      "gocd",
      `${config.gocd.url}: GoCD ${poll.server.version}, ${poll.jobs.length} jobs wait, ${poll.agents.length} agents ` +
        `(${Math.round(tookMs)} ms)`,
    );
    if (poll.server.maintenance === "on") {
      report.warn("gocd", "the server is in maintenance mode", "nothing is launched until it ends");
    }
    for (const finding of poll.findings) report.warn("gocd", finding.message, finding.hint);
    const rights = await gocd.rights(signal);
    if (rights.admin === "yes") report.ok("rights", rights.detail);
    else {
      report.warn(
        "rights",
        rights.detail,
        "give the account the admin role: agents are enabled and deleted with it, and it must see all pipelines",
      );
    }
    if (config.gocd.autoRegisterKey === undefined) {
      report.warn(
        "agents",
        "go-agent.auto-register-key is not set: agents register as Pending and are enabled one by one",
        "set it to agentAutoRegisterKey of the server's config",
      );
    }
  } catch (error) {
    report.fail("gocd", error);
  } finally {
    gocd.close();
  }
}

async function checkMesos(config: Config, report: Report, signal: AbortSignal): Promise<void> {
  const mesos = openMesos(() => config, realClock);
  try {
    const { leader, version } = await mesos.probe(signal);
    report.ok("mesos", `${config.mesos.masters}: the leader is ${leader}, Mesos ${version}`);
  } catch (error) {
    report.fail("mesos", error);
  } finally {
    mesos.close();
  }
}
