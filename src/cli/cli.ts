// Finds the command that a command line means.

import { exitCodes } from "../errors.ts";
import { readArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { commands, generalHelp } from "./commands.ts";
import { startCommand } from "./start.ts";
import type { CliIo } from "./io.ts";
import { isFile } from "./load.ts";
import { endOf, nextAct } from "./report.ts";
import { printable, printableLines } from "./table.ts";
import { nearestTopic, topics, topicText } from "./topics.ts";
import { nearestCommand, UsageError } from "./usage.ts";
import { versionCommand } from "./version.ts";

/**
 * Runs the command that the arguments name and returns the exit code. Never throws. Control characters are removed from
 * every line and question, because servers, files and arguments determine much of the output.
 */
export async function runCli(args: readonly string[], terminal: CliIo): Promise<number> {
  const io: CliIo = {
    ...terminal,
    out: (line) => terminal.out(printableLines(line)),
    err: (line) => terminal.err(printableLines(line)),
    ask: (question) => terminal.ask(printable(question)),
    askSecret: (question) => terminal.askSecret(printable(question)),
  };
  try {
    return await dispatch(args, io);
  } catch (error) {
    // The reader of our output has closed it (`| head`).
    return error instanceof Deno.errors.BrokenPipe ? 0 : reportError(error, io);
  }
}

/** Prints one line with the error and one with the next step; returns the exit code. */
export function reportError(error: unknown, io: CliIo): number {
  const { text, hint, exitCode } = endOf(error);
  io.err(printable(`gocd-mesos: ${text}`));
  if (hint !== undefined) io.err(printable(`  ${nextAct(hint)}`));
  return exitCode;
}

async function dispatch(args: readonly string[], io: CliIo): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    io.err(generalHelp());
    return exitCodes.usage;
  }
  if (first === "--help" || first === "-h") return help([], io);
  if (first === "help") return help(rest, io);
  if (first === "--version" || first === "-V") return await run(versionCommand, rest, io);
  const named = commands.find((each) => each.name === first);
  if (named !== undefined) return await run(named, rest, io);
  refuseMistakes(first, rest, io);
  // As in the first version of 2015: the only argument is the configuration file.
  return await run(startCommand, args, io);
}

function help(words: readonly string[], io: CliIo): number {
  const [word] = words;
  if (words.length > 1) throw new UsageError(`"help" takes one command or topic, not ${words.length}`);
  const text = word === undefined ? generalHelp() : commands.find(({ name }) => name === word)?.help ?? topicText(word);
  if (text === undefined) throw unknownTopic(word ?? "");
  io.out(text);
  return 0;
}

function unknownTopic(word: string): UsageError {
  const near = nearestCommand(word, [...commands.map(({ name }) => name), ...topics]) ?? nearestTopic(word);
  return new UsageError(
    `there is no command, key or topic "${word}"`,
    near === undefined ? "`gocd-mesos --help` lists them" : `did you mean \`gocd-mesos help ${near}\`?`,
  );
}

async function run(command: Command, args: readonly string[], io: CliIo): Promise<number> {
  const read = readArguments(command, args);
  if (read !== "help") return await command.run(read, io);
  io.out(command.help);
  return 0;
}

/** Throws if the arguments cannot be a configuration file alone. */
function refuseMistakes(first: string, rest: readonly string[], io: CliIo): void {
  const isCommand = (word: string): boolean => commands.some((each) => each.name === word);
  const command = rest.find(isCommand);
  if (first.startsWith("-") && first !== "--" && first !== "-") {
    throw command === undefined
      ? new UsageError(`there is no option ${first}`)
      : new UsageError(`the command comes before its options`, `write \`gocd-mesos ${command} … ${first}\``);
  }
  const operands = rest.filter((each) => !each.startsWith("-"));
  if (operands.length > 0) {
    throw command !== undefined && isFile(first, io)
      ? new UsageError(`the command comes before the file`, `write \`gocd-mesos ${command} ${first}\``)
      : isFile(first, io)
      ? new UsageError(`"start" takes one configuration file, not ${operands.length + 1}`, "remove the others")
      : unknownCommand(first, rest);
  }
  const near = nearestCommand(first, commands.map((each) => each.name));
  if (near === undefined || isFile(first, io)) return;
  throw new UsageError(
    `there is neither a command nor a file "${first}"`,
    `did you mean \`gocd-mesos ${near}${operandsHint(near)}\`?`,
  );
}

function unknownCommand(word: string, rest: readonly string[]): UsageError {
  const near = nearestCommand(word, commands.map((each) => each.name));
  const behind = rest.length === 0 ? "" : ` ${rest.join(" ")}`;
  return new UsageError(
    `there is no command "${word}"`,
    near === undefined ? "`gocd-mesos --help` lists the commands" : `did you mean \`gocd-mesos ${near}${behind}\`?`,
  );
}

function operandsHint(command: string): string {
  const found = commands.find((each) => each.name === command);
  return found === undefined || found.operands.min === 0 ? "" : " framework.conf";
}
