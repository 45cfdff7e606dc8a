// Parses the arguments of one command, and times in them.

import { parseArgs } from "@std/cli/parse-args";
import { parseMoment } from "../core/view/moment.ts";
import { momentForms } from "../core/words/history.ts";
import type { Command, CommandArguments } from "./command.ts";
import { nearestWord, UsageError } from "./usage.ts";

/** The arguments of a command, or `"help"`. Throws {@linkcode UsageError}. */
export function readArguments(command: Command, args: readonly string[]): CommandArguments | "help" {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: [...command.booleans, "help"],
    // "_": a file may be called 0123.
    string: [...command.strings, "_"],
    collect: [...command.repeatable ?? []],
    alias: { h: "help" },
    unknown: (arg: string) => {
      if (!arg.startsWith("-") || arg === "-") return true;
      unknown.push(arg);
      return false;
    },
  });
  if (flags.help === true) return "help";
  if (unknown[0] !== undefined) throw unknownOption(command, unknown[0]);
  refuseBadValues(command, args, flags);
  const operands = flags._.map(String);
  if (operands.length < command.operands.min) throw tooFew(command, flags);
  if (operands.length > command.operands.max) {
    throw new UsageError(
      `"${command.name}" takes ${command.operands.text || "no arguments"}, not ${operands.length}`,
      helpOf(command),
    );
  }
  return { operands, flags };
}

/** The time that an option names, ms since the epoch; absent: it is not given. Throws {@linkcode UsageError}. */
export function momentOf(name: string, value: unknown, nowMs: number): number | undefined {
  if (typeof value !== "string") return undefined;
  const atMs = parseMoment(value, nowMs);
  if (atMs !== undefined) return Math.round(atMs);
  throw new UsageError(`--${name}: "${value}" is not a time`, `write ${momentForms}`);
}

function unknownOption(command: Command, option: string): UsageError {
  const known = [...command.booleans, ...command.strings].map((name) => `--${name}`);
  const near = nearestWord(option.split("=")[0] ?? "", known);
  return new UsageError(
    `"${command.name}" has no option ${option}`,
    near === undefined ? helpOf(command) : `did you mean ${near}?`,
  );
}

/** An empty value would be misread, and only the last of two would count. */
function refuseBadValues(command: Command, args: readonly string[], flags: Readonly<Record<string, unknown>>): void {
  for (const name of command.strings) {
    const values = Array.isArray(flags[name]) ? flags[name] : [flags[name]];
    if (values.includes("")) throw new UsageError(`--${name} needs a value`, helpOf(command));
    if (command.repeatable?.includes(name) === true) continue;
    const count = args.filter((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)).length;
    if (count > 1) throw new UsageError(`--${name} is given ${count} times`, `run "${command.name}" once for each`);
  }
}

function tooFew(command: Command, flags: Readonly<Record<string, unknown>>): UsageError {
  const taker = command.strings.find((name) => typeof flags[name] === "string");
  const hint = taker === undefined
    ? helpOf(command)
    : `--${taker} has taken "${String(flags[taker])}" as its value: add what is missing after it`;
  return new UsageError(`"${command.name}" needs ${command.operands.text}`, hint);
}

function helpOf(command: Command): string {
  return `run \`gocd-mesos ${command.name} --help\``;
}
