// `gocd-mesos completions`: completion scripts for bash, zsh and fish, made from the table of commands.

import type { Command } from "./command.ts";
import { type HelpOption, optionsOf } from "./help_text.ts";
import { topics } from "./topics.ts";
import { UsageError } from "./usage.ts";

const shells: Readonly<Record<string, (all: readonly Command[]) => string>> = { bash, fish, zsh };

/** The command; `all`: every command. */
export function completionsCommand(all: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "print the completion script for bash, zsh or fish",
    help: `Usage: gocd-mesos completions bash|zsh|fish

Prints the completion script for a shell to standard output.

Examples:
  gocd-mesos completions bash > /etc/bash_completion.d/gocd-mesos
  gocd-mesos completions zsh > /usr/local/share/zsh/site-functions/_gocd-mesos
  gocd-mesos completions fish > ~/.config/fish/completions/gocd-mesos.fish`,
    booleans: [],
    strings: [],
    operands: { min: 1, max: 1, text: "one shell", words: Object.keys(shells) },
    run: ({ operands: [shell = ""] }, io) => {
      const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
      if (script === undefined) {
        throw new UsageError(
          `there are no completions for "${shell}"`,
          `shells are: ${Object.keys(shells).join(", ")}`,
        );
      }
      io.out(script(all()).trimEnd());
      return Promise.resolve(0);
    },
  };
}

/** What may follow a command, except files. */
function wordsOf(command: Command): readonly string[] {
  return [...command.operands.words ?? [], ...optionsOf(command).map(({ name }) => `--${name}`), "--help"];
}

/** The topics of `help`, except single keys, alerts and codes. */
function helpWords(all: readonly Command[]): string {
  return [...all.map(({ name }) => name), ...topics].join(" ");
}

const helpSummary = "explain a command, a key of framework.conf, or a topic";

function bash(all: readonly Command[]): string {
  const valued = all.flatMap(optionsOf).flatMap(({ name, value }) => value === "text" ? [`--${name}`] : []);
  return `# bash completion of gocd-mesos
_gocd_mesos() {
  local current=\${COMP_WORDS[COMP_CWORD]} words files=yes
  case \${COMP_WORDS[COMP_CWORD - 1]} in
    ${[...new Set(valued)].join("|")}) COMPREPLY=(); return ;;
  esac
  if ((COMP_CWORD == 1)); then
    words="${all.map(({ name }) => name).join(" ")} help --help --version"
  else
    case \${COMP_WORDS[1]} in
${
    all.map((command) => `      ${command.name}) words="${wordsOf(command).join(" ")}"${filesText(command)} ;;`).join(
      "\n",
    )
  }
      help) words="${helpWords(all)}" files= ;;
      *) words="" ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [[ $current == -* || -z $files ]] || compgen -f -- "$current")
}
complete -o filenames -F _gocd_mesos gocd-mesos
`;
}

function filesText(command: Command): string {
  return takesFiles(command) ? "" : " files=";
}

/** Whether it takes more than fixed words. */
function takesFiles({ operands: { words, max } }: Command): boolean {
  return max > (words === undefined ? 0 : 1);
}

function zsh(all: readonly Command[]): string {
  const row = ({ name, summary }: Pick<Command, "name" | "summary">): string =>
    `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`;
  const values = { none: "", text: ":value:", file: ":file:_files" };
  const option = ({ name, value, text }: HelpOption): string =>
    quoted(`--${name}[${text.replaceAll(/[[\]\\]/g, "\\$&")}]${values[value]}`);
  const rules = (command: Command): string => {
    const { words } = command.operands;
    const operands = words === undefined ? [] : [quoted(`1:word:(${words.join(" ")})`)];
    const files = takesFiles(command) ? ["'*:file:_files'"] : [];
    return [...optionsOf(command).map(option), "'--help[explain this command]'", ...operands, ...files].join(" ");
  };
  return `#compdef gocd-mesos
# zsh completion of gocd-mesos
_gocd_mesos() {
  local -a commands=(
${[...all, { name: "help", summary: helpSummary }].map(row).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _files
    compadd -- --help --version
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${all.map((command) => `    ${command.name}) _arguments ${rules(command)} ;;`).join("\n")}
    help) compadd -- ${helpWords(all)} ;;
    *) _files ;;
  esac
}
_gocd_mesos "$@"
`;
}

function fish(all: readonly Command[]): string {
  const line = (condition: string, what: string, text: string): string =>
    `complete -c gocd-mesos -n ${quoted(condition)} ${what}${text === "" ? "" : ` -d ${quoted(text)}`}`;
  const values = { none: "", text: " -x", file: " -r -F" };
  return [
    "# fish completion of gocd-mesos",
    ...[...all, { name: "help", summary: helpSummary }].map(({ name, summary }) =>
      line("__fish_use_subcommand", `-a ${name}`, summary)
    ),
    line("__fish_use_subcommand", "-l version", "print the version"),
    line("not __fish_seen_subcommand_from help", "-l help", "explain the program or the command"),
    line("__fish_seen_subcommand_from help", `-f -a ${quoted(helpWords(all))}`, ""),
    ...all.flatMap((command) => {
      const condition = `__fish_seen_subcommand_from ${command.name}`;
      return [
        ...(takesFiles(command) ? [] : [line(condition, "-f", "")]),
        ...(command.operands.words ?? []).map((word) => line(condition, `-a ${word}`, "")),
        ...optionsOf(command).map(({ name, value, text }) => line(condition, `-l ${name}${values[value]}`, text)),
      ];
    }),
    "",
  ].join("\n");
}

/** A word for each of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
