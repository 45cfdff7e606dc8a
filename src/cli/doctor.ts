// `gocd-mesos doctor`: everything that `check` checks, and more of the live systems, on one page.

import { counted } from "../core/words/phrases.ts";
import { type ErrorKind, exitCodes } from "../errors.ts";
import { checkAll, type Checked } from "./check.ts";
import { type Command, oneFile } from "./command.ts";
import { canaryProfile, doctorCanary } from "./doctor_canary.ts";
import { checkClocks } from "./doctor_clocks.ts";
import { doctorGocd, doctorKey } from "./doctor_gocd.ts";
import { doctorMesos } from "./doctor_mesos.ts";
import { doctorCertificates, doctorPage } from "./doctor_net.ts";
import { writeJson } from "./instance.ts";
import type { CliIo } from "./io.ts";
import { interruptedCode } from "./start.ts";
import { UsageError } from "./usage.ts";
import { printRow, type Report, type Row, rowReport, rowsJson } from "./report.ts";

/** With several failures, the kind that should be fixed first determines the exit code. */
const worstFirst: readonly ErrorKind[] = ["internal", "usage", "state", "superseded", "refused", "unreachable"];

/** The command. */
export const doctorCommand: Command = {
  name: "doctor",
  summary:
    "everything that check does, and more about the live systems: rights, names, clocks, roles, room, certificates",
  help: `Usage: gocd-mesos doctor [--json] [--canary [--profile NAME]] path/to/framework.conf

Does everything that \`check\` does (which also lists the permissions of a start), and checks in addition:
  rights  whether the account may change agents, by a change of no agent
  names   resources and environments that are almost the same as those of waiting jobs, agents or the server
  key     whether the auto-register key looks like one, and whether an instance that runs here has seen it refused
  role    the Mesos roles with weight and quota, and whether a quota is too small for one agent
  fit     how many Mesos agents each profile fits on, now and if nothing ran there; if none, the nearest miss
  clock   the clocks of the GoCD server and of the Mesos master, compared with the local one
  tls     how long their certificates are valid
  page    whether the page can be reached where Mesos links to it, if an instance runs here
  canary  only with --canary: the instance that runs here launches one agent of the profile, and removes it once it has
          registered; each step is a row: launch, pull, key, removed. Neither a freeze nor earlier failures prevent it
Without --canary nothing is registered, launched or changed. Prints one row per finding: ok, warn or FAIL, with the
next step.

Options:
  --canary          launch one agent, and remove it again; Ctrl-C only stops waiting: the instance still removes it
  --profile NAME    the profile of the agent; required if there are several
  --json            one JSON object with the rows, instead of the page

Exit codes (that of the first of these that occurs):
  0  no FAIL (perhaps warnings)      2  the file, or http.listen     6  the state file
  4  access or the start is refused, or a profile can never be placed
  3  a server cannot be reached or is not ready

Examples:
  gocd-mesos doctor framework.conf
  gocd-mesos doctor --canary --profile linux framework.conf
  gocd-mesos doctor --json framework.conf | jq -r '.rows[] | select(.level != "ok") | .text'`,
  booleans: ["json", "canary"],
  strings: ["profile"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const isJson = flags["json"] === true;
    const rows: Row[] = [];
    const report = rowReport((row) => {
      if (isOneOfTheRights(row, rows)) return;
      rows.push(row);
      if (!isJson) printRow(row, io);
    });
    if (flags["profile"] !== undefined && flags["canary"] !== true) {
      throw new UsageError("--profile is for --canary", "write --canary --profile NAME");
    }
    const checked = await checkAll(path, report, io);
    if (checked !== undefined) await lookFurther(checked, report, io);
    const isInterrupted = checked !== undefined && flags["canary"] === true &&
      await doctorCanary(checked.config, canaryProfile(checked.config, flags["profile"]), { report, io });
    const exitCode = isInterrupted ? interruptedCode : worstOf(rows);
    if (isJson) writeJson(rowsJson(rows, exitCode), io);
    else io.out(`\n${summaryOf(rows)}`);
    return exitCode;
  },
};

/** Each permission of a start has a row, which would fill the page: only the first shows whether they are limited. */
function isOneOfTheRights({ what, level }: Row, before: readonly Row[]): boolean {
  return what === "sandbox" && level === "ok" && before.some((row) => row.what === what);
}

async function lookFurther({ config, poll, running }: Checked, report: Report, io: CliIo): Promise<void> {
  const { machine } = io;
  const gocdClock = poll === undefined ? undefined : await doctorGocd(config, poll, { report, machine });
  doctorKey(config, report, running);
  const mesosClock = await doctorMesos(config, { report, machine });
  checkClocks([gocdClock, mesosClock].filter((each) => each !== undefined), report);
  await doctorCertificates(config, { report, machine });
  await doctorPage(config, report);
}

function worstOf(rows: readonly Row[]): number {
  const kinds = new Set(rows.flatMap(({ kind }) => kind ?? []));
  const worst = worstFirst.find((kind) => kinds.has(kind));
  return worst === undefined ? 0 : exitCodes[worst];
}

function summaryOf(rows: readonly Row[]): string {
  const count = (level: Row["level"]): number => rows.filter((row) => row.level === level).length;
  return `${count("ok")} ok, ${counted(count("warn"), "warning")}, ${counted(count("fail"), "failure")}`;
}
