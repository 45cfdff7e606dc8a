// `gocd-mesos state …`: shows and repairs the stored state. Changes take the lock, so they never run while an instance
// is running.

import type { Config } from "../config/config.ts";
import type { StoredState } from "../core/record.ts";
import { withoutFramework } from "../core/identity/lineage.ts";
import { suspicionText } from "../core/words/causes.ts";
import { counted, formatDuration } from "../core/words/phrases.ts";
import { messageOf, OperatorError } from "../errors.ts";
import { stateOf } from "../runtime/ports.ts";
import { damagedHint } from "../store/sqlite_errors.ts";
import { exportState, importState, parseStateDocument } from "../store/state_document.ts";
import type { Store } from "../store/store.ts";
import type { Command, CommandArguments } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadNeeded, type Needs, refuseSwapped, requireState, warnOfFlaws } from "./load.ts";
import { adoptFramework, registerAnew } from "./state_adopt.ts";
import { printable, printableJson, table } from "./table.ts";
import { nearestWord, UsageError } from "./usage.ts";

/** Actions, and how many operands each has. */
const actions: Readonly<Record<string, number>> = {
  show: 2,
  check: 2,
  export: 2,
  import: 3,
  forget: 3,
  "forget-framework": 2,
  adopt: 3,
  "register-anew": 2,
};

/** The command. */
export const stateCommand: Command = {
  name: "state",
  summary: "show, check, export, import, adopt or forget the stored state",
  help: `Usage: gocd-mesos state ACTION path/to/framework.conf [ARGUMENT] [--replace] [--yes]

Actions:
  show                framework id and agents on record
  check               is the file sound?
  export              the state as JSON on standard output
  import FILE         replace the state with an exported one (--replace if the state is already in use)
  forget TASK-ID      forget one agent that is really gone (Mesos and GoCD are not informed)
  forget-framework    forget the framework id, after Mesos has removed the framework; agents on record are forgotten too
  adopt [ID]          continue with the framework of a lost state: the next start takes over its agents
  register-anew       register a new framework although agents of another state exist; they are left alone

export, show and check can run beside a running instance; the others need its lock and are refused then. Only \`state\`
is needed from the file, for adopt also the part about Mesos; other errors in it are warnings.

Options:
  --replace    import into a state that is already in use
  --yes        do not ask (required without a terminal)

Examples:
  gocd-mesos state show framework.conf
  gocd-mesos state export framework.conf > backup.json
  gocd-mesos state import framework.conf backup.json --replace
  gocd-mesos state adopt framework.conf
  gocd-mesos state forget-framework framework.conf --yes`,
  booleans: ["replace", "yes"],
  strings: [],
  operands: { min: 2, max: 3, text: "an action and a configuration file", words: Object.keys(actions) },
  run: async (args, io) => {
    const [action = "", path = "", argument] = args.operands;
    refuseUnknownAction(action, args);
    refuseSwapped(`state ${action}`, [path, argument], io);
    if (action === "import") refuseExportFirst(path, argument, io);
    const part = loadNeeded(path, io, action === "adopt" ? adoptNeeds : undefined);
    const { config } = part;
    requireState(part);
    warnOfFlaws(part, io);
    switch (action) {
      case "show":
        return show(await required(config), io);
      case "check":
        return check(config, io);
      case "export":
        io.draw(printableJson(exportState(await required(config))));
        return 0;
      case "import":
        return await withStore(config, async (store) => {
          const file = needed(argument, "import", "a file that `state export` wrote");
          const wanted = parseStateDocument(readDocument(file, io), file);
          await importState(store, wanted, args.flags["replace"] === true ? "replace" : "only-into-empty");
          io.out(printable(`imported ${file}: ${counted(wanted.instances.length, "agent")} on record`));
        });
      case "forget":
        await readable(config);
        return await withStore(config, (store) => forget(store, needed(argument, "forget", "a task id"), io));
      case "forget-framework":
        await required(config);
        return await withStore(config, (store) => forgetFramework(store, args, io));
      case "adopt": {
        const request = { config, frameworkId: argument, isSure: args.flags["yes"] === true };
        return await withStore(config, (store) => adoptFramework(store, request, io));
      }
      case "register-anew":
        return await withStore(config, (store) => registerAnew(store, io));
      default:
        throw new UsageError(`"state" has no action "${action}"`);
    }
  },
};

/** The Mesos master is asked, and profiles show which frameworks are ours. */
const adoptNeeds: Needs = {
  keys: /^($|state|mesos|(go-agent|profiles\.[^.]+)\.role$)/,
  wantsSecret: (key) => key.startsWith("mesos."),
};

/** An exported state instead of the configuration would cause a misleading error. */
function refuseExportFirst(path: string, argument: string | undefined, io: CliIo): void {
  let isExport = true;
  try {
    parseStateDocument(readDocument(path, io), path);
  } catch {
    isExport = false;
  }
  if (!isExport) return;
  const hint = `write \`gocd-mesos state import ${argument ?? "framework.conf"} ${path}\``;
  throw new UsageError("the configuration file comes first, the exported state after it", hint);
}

function refuseUnknownAction(action: string, { operands }: CommandArguments): void {
  const count = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (count !== undefined && operands.length <= count) return;
  const [, other = ""] = operands;
  if (count === undefined && Object.hasOwn(actions, other)) {
    throw new UsageError("the action comes before the file", `write \`gocd-mesos state ${other} ${action}\``);
  }
  const near = nearestWord(action, Object.keys(actions));
  if (count !== undefined) {
    throw new UsageError(
      `"state ${action}" takes one configuration file, not ${operands.length - 1} operands`,
      "run `gocd-mesos state --help`",
    );
  }
  throw new UsageError(
    `"state" has no action "${action}"`,
    near === undefined
      ? `actions are: ${Object.keys(actions).join(", ")}`
      : `did you mean \`gocd-mesos state ${near} ${operands.slice(1).join(" ")}\`?`,
  );
}

function needed(argument: string | undefined, action: string, what: string): string {
  if (argument !== undefined) return argument;
  throw new UsageError(`"state ${action}" needs ${what}`, "run `gocd-mesos state --help`");
}

function readDocument(path: string, io: CliIo): string {
  try {
    return io.readFile(path);
  } catch (cause) {
    throw new OperatorError(`cannot read ${path}: ${messageOf(cause)}`, {
      code: "state-document-missing",
      kind: "usage",
      hint: "use a file that `gocd-mesos state export` wrote",
      cause,
    });
  }
}

async function required(config: Config): Promise<StoredState> {
  const { place, read } = stateOf(config);
  const stored = await read();
  if (stored !== undefined) return stored;
  throw new OperatorError(`there is no state in ${place} yet`, {
    code: "state-empty",
    kind: "state",
    hint: "it is created at the first start; check state.path",
  });
}

function show(stored: StoredState, io: CliIo): number {
  const { framework, controls, suspicion, instances } = stored;
  io.out(printable(
    `framework  ${framework.frameworkId ?? "not registered yet"}${
      framework.frameworkId === undefined && framework.registersAnew === true ? ", to be registered anew" : ""
    }${framework.ended === undefined ? "" : ` (ended: ${framework.ended})`}`,
  ));
  io.out(`lineage    ${framework.lineage}, next task number ${framework.nextTaskNumber}`);
  io.out(printable(
    `mode       ${controls.mode}${controls.frozen ? ", launching frozen" : ""}${
      controls.frozenProfiles.length === 0 ? "" : `, frozen profiles: ${controls.frozenProfiles.join(", ")}`
    }`,
  ));
  if (suspicion !== undefined) io.out(`brake      on: ${suspicionText(suspicion).text}`);
  io.out(`agents     ${instances.length} on record`);
  if (instances.length === 0) return 0;
  const nowMs = io.machine.nowMs();
  io.out(table(
    ["TASK", "STATE", "PROFILE", "HOST", "AGE"],
    instances.map((each) => [each.taskId, each.state, each.profile, each.host, formatDuration(nowMs - each.createdMs)]),
    io.size().columns,
  ));
  return 0;
}

function check(config: Config, io: CliIo): number {
  const { place, inspect } = stateOf(config);
  if (inspect === undefined) throw new UsageError("`state check` is for a state file", "set state.path");
  const { damage, unreadable, instances } = inspect();
  for (const line of damage) io.out(printable(`FAIL  ${line}`));
  for (const each of unreadable) io.out(printable(`FAIL  ${each.key}: ${each.reason}`));
  if (damage.length + unreadable.length > 0) {
    throw new OperatorError(`the state file ${place} is damaged`, {
      code: "state-damaged",
      kind: "state",
      hint: unreadable.length > 0 && damage.length === 0
        ? "start the version of gocd-mesos that wrote these records, or remove each with `state forget FILE ID` once " +
          "its task is gone from Mesos"
        : damagedHint,
    });
  }
  io.out(printable(`ok    ${place} is sound: ${counted(instances.length, "agent")} on record`));
  return 0;
}

async function withStore(config: Config, act: (store: Store) => Promise<void>): Promise<number> {
  const store = await stateOf(config).openForCommand();
  try {
    await act(store);
    return 0;
  } finally {
    await store.close();
  }
}

async function forget(store: Store, taskId: string, io: CliIo): Promise<void> {
  const instances = await unlessUnreadable(async () => (await store.load()).instances);
  if (instances !== undefined && !instances.some((each) => each.taskId === taskId)) {
    throw new UsageError(`no agent ${taskId} is on record`, "`gocd-mesos state show` lists them");
  }
  await store.commit([{ kind: "instance-removed", taskId }]);
  // Throws if another record cannot be decoded, and names it.
  await store.load();
  io.out(printable(`${taskId} is forgotten; if it still runs, Mesos will report it and it is adopted again`));
}

/** There is a state, though perhaps with records that cannot be decoded: `forget` removes them. */
async function readable(config: Config): Promise<void> {
  await unlessUnreadable(() => required(config));
}

async function unlessUnreadable<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatorError && error.code === "state-record-unreadable") return undefined;
    throw error;
  }
}

async function forgetFramework(store: Store, { flags }: CommandArguments, io: CliIo): Promise<void> {
  const { framework, instances } = await store.load();
  if (flags["yes"] !== true) {
    const answer = io.ask(
      `Forget framework ${framework.frameworkId ?? "(none)"} and ${
        counted(instances.length, "agent")
      } on record? Type yes:`,
    );
    if (answer?.trim().toLowerCase() !== "yes") {
      throw new UsageError("not confirmed; nothing was done", "type yes, or add --yes");
    }
  }
  await store.commit([
    {
      kind: "framework",
      framework: withoutFramework({ lineage: framework.lineage, nextTaskNumber: framework.nextTaskNumber }),
    },
    { kind: "suspicion" },
    ...instances.map(({ taskId }) => ({ kind: "instance-removed" as const, taskId })),
  ]);
  io.out(printable(
    `forgotten: framework ${
      framework.frameworkId ?? "(none)"
    } and ${instances.length} agents; the next start registers anew`,
  ));
  if (instances.length === 0) return;
  io.out(
    "their records on the GoCD server are left for now: the next run disables and deletes those that the server has " +
      "lost contact with, so that their builds are rescheduled; one that is still in contact is deleted after 15 " +
      "min, once it is idle. Containers that still run are not stopped: make sure that they are gone",
  );
}
