// `gocd-mesos health`: the response of /health of the running instance, for containers and scripts without an HTTP
// client.

import { exitCodes } from "../errors.ts";
import { readHealth } from "../runtime/control_client.ts";
import { type Command, oneFile } from "./command.ts";
import { loadNeeded } from "./load.ts";
import { printable } from "./table.ts";
import { UsageError } from "./usage.ts";

/** The command. */
export const healthCommand: Command = {
  name: "health",
  summary: "whether the running instance is healthy, for health checks of containers",
  help: `Usage: gocd-mesos health [--live | --ready] path/to/framework.conf

Asks the instance that runs on this machine for its health, and prints it.

Options:
  --live     only whether it works at all: for a supervisor that restarts it
  --ready    whether it leads, is subscribed to Mesos, and reads the GoCD server: for scripts that wait for it

Exit codes:
  0 yes   3 no, or no instance runs

Examples:
  gocd-mesos health framework.conf
  gocd-mesos health --live framework.conf`,
  booleans: ["live", "ready"],
  strings: [],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const { live, ready } = flags;
    if (live === true && ready === true) throw new UsageError("--live and --ready exclude each other", "choose one");
    const { config } = loadNeeded(path, io);
    const health = await readHealth(config, live === true ? "health/live" : ready === true ? "health/ready" : "health");
    io.out(printable(health?.text.trim() ?? "no instance runs"));
    return health?.isGood === true ? 0 : exitCodes.unreachable;
  },
};
