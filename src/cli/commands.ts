// The list of commands and the general help; a test compares the README with it.

import { agentsCommand } from "./agents.ts";
import type { Command } from "./command.ts";
import { checkCommand } from "./check.ts";
import { completionsCommand } from "./completions.ts";
import { dashboardsCommand } from "./dashboards.ts";
import { demoCommand } from "./demo.ts";
import { eventsCommand } from "./events.ts";
import { doctorCommand } from "./doctor.ts";
import { exampleConfigCommand } from "./example_config.ts";
import { healthCommand } from "./health.ts";
import { historyCommand } from "./history.ts";
import { initCommand } from "./init.ts";
import { manualCommand } from "./manual.ts";
import { acceptLossCommand, drainCommand, freezeCommand, resumeCommand, teardownCommand } from "./operate.ts";
import { notifyTestCommand } from "./notify.ts";
import { openapiCommand } from "./openapi.ts";
import { planCommand } from "./plan.ts";
import { recordCommand } from "./record.ts";
import { simulateCommand } from "./simulate.ts";
import { startCommand } from "./start.ts";
import { stateCommand } from "./state.ts";
import { statusCommand } from "./status.ts";
import { topics } from "./topics.ts";
import { versionCommand } from "./version.ts";
import { whyCommand } from "./why.ts";
import { version } from "../version.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  startCommand,
  initCommand,
  checkCommand,
  doctorCommand,
  planCommand,
  whyCommand,
  statusCommand,
  agentsCommand,
  eventsCommand,
  historyCommand,
  healthCommand,
  recordCommand,
  simulateCommand,
  drainCommand,
  freezeCommand,
  resumeCommand,
  acceptLossCommand,
  teardownCommand,
  notifyTestCommand,
  stateCommand,
  demoCommand,
  exampleConfigCommand,
  dashboardsCommand,
  openapiCommand,
  completionsCommand(() => commands),
  manualCommand({ generalHelp, commands: () => commands }),
  versionCommand,
];

/** The text of `gocd-mesos --help`. */
export function generalHelp(): string {
  const width = Math.max(...commands.map((each) => each.name.length));
  return `gocd-mesos ${version}: keeps exactly the GoCD agents running on Apache Mesos that the job backlog needs.

Usage:
  gocd-mesos path/to/framework.conf        run (the same as "start")
  gocd-mesos COMMAND [options]

Commands:
${commands.map((each) => `  ${each.name.padEnd(width)}  ${each.summary}`).join("\n")}

Options:
  -h, --help       this help; \`gocd-mesos COMMAND --help\` for one command, \`gocd-mesos help TOPIC\` for a key of
                   framework.conf (such as scaling.max-agents), for an alert or a code of the log (such as
                   held-limit), or for ${topics.join(", ")}
  -V, --version    print the version

Exit codes:
  0  done                               4  a server refused access (credentials, rights, removed framework)
  1  a bug in gocd-mesos                5  another instance has taken over
  2  invalid usage or configuration     6  the state file is locked, damaged or cannot be written
  3  a server cannot be reached

Examples:
  gocd-mesos demo                          try it, without any server
  gocd-mesos init framework.conf           write a configuration, from a few questions
  gocd-mesos check framework.conf          validate the file and connect to both servers
  gocd-mesos plan framework.conf           what it would launch now, and why each job waits
  gocd-mesos framework.conf                run`;
}
