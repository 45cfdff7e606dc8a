// Completions, tested in the shells themselves.

import { assertEquals } from "@std/assert";
import { has, runLine } from "./support.ts";

interface Shell {
  readonly name: string;
  /**
   * Runs in the folder of `script`; `lines` are what has been typed. Prints the words that may follow, in any order,
   * and after each line `separator`.
   */
  readonly program: (script: string, lines: readonly string[]) => string;
}

/** Printed after the words of each line. */
const separator = "----";

/** The last word of a line is taken for what is completed. */
const shells: readonly Shell[] = [
  {
    name: "bash",
    program: (script, lines) =>
      [
        `. ./${script}`,
        ...lines.map((line) =>
          `COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); COMPREPLY=()
_gocd_mesos; printf '%s\\n' "\${COMPREPLY[@]}" '${separator}'`
        ),
      ].join("\n"),
  },
  // A separate terminal, in which one key inserts all matches, and another one shows the line and clears it.
  {
    name: "zsh",
    program: (script, lines) =>
      [
        `mv ${script} _gocd-mesos; zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "PROMPT= ; fpath=($PWD \\$fpath); autoload -Uz compinit && compinit -u -D"
zpty -w z 'insert-all() { _main_complete; compstate[insert]=all; compstate[list]= }'
zpty -w z 'zle -C insert-all complete-word insert-all; bindkey "^T" insert-all'
zpty -w z 'show() { print -r -- "<""<$BUFFER>>"; BUFFER= }; zle -N show; bindkey "^Y" show; print REA""DY'
zpty -r z said '*READY*'`,
        ...lines.map((line) =>
          `zpty -w -n z '${line}'$'\\C-t\\C-y'; zpty -r z said '*<<*>>*'
said=\${\${said##*<<}%%>>*}; print -rl -- \${=said#'${line.slice(0, line.lastIndexOf(" "))}'} '${separator}'`
        ),
      ].join("\n"),
  },
  {
    name: "fish",
    program: (script, lines) =>
      [`source ${script}`, ...lines.map((line) => `complete -C '${line}' | cut -f 1; echo '${separator}'`)].join("\n"),
  },
];

/** A shell that hangs is killed. */
const hangMs = 120_000;

const cases: readonly (readonly [line: string, wanted: readonly string[]])[] = [
  ["gocd-mesos pl", ["plan"]],
  ["gocd-mesos he", ["health", "help"]],
  ["gocd-mesos --ve", ["--version"]],
  ["gocd-mesos fram", ["framework.conf"]],
  ["gocd-mesos plan --js", ["--json"]],
  ["gocd-mesos plan --he", ["--help"]],
  ["gocd-mesos state for", ["forget", "forget-framework"]],
  ["gocd-mesos state show fram", ["framework.conf"]],
  ["gocd-mesos completions f", ["fish"]],
  ["gocd-mesos dashboards g", ["grafana"]],
  ["gocd-mesos check fram", ["framework.conf"]],
  ["gocd-mesos init --key-file fram", ["framework.conf"]],
  ["gocd-mesos help verd", ["verdicts"]],
  ["gocd-mesos help acc", ["accept-loss"]],
];

for (const { name, program } of shells) {
  Deno.test({
    name: `${name} completes commands, options, words and files (apt-get install ${name})`,
    ignore: !has(name),
    fn: async () => {
      const { out } = await runLine(["completions", name]);
      const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-completions-" });
      const script = `gocd-mesos.${name}`;
      await Deno.writeTextFile(`${folder}/${script}`, out);
      await Deno.writeTextFile(`${folder}/framework.conf`, "");
      // One process for all lines: each takes a third of a second to start.
      const { stdout, stderr } = await new Deno.Command(name, {
        args: ["-c", program(script, cases.map(([line]) => line))],
        cwd: folder,
        env: { HOME: folder, LC_ALL: "C" },
        signal: AbortSignal.timeout(hangMs),
      }).output();
      await Deno.remove(folder, { recursive: true });
      const decoder = new TextDecoder();
      const shown = decoder.decode(stdout).split(separator).map((words) => words.trim().split(/\s+/).toSorted());
      const got = cases.map(([line], index) => [line, shown[index], decoder.decode(stderr)]);
      assertEquals(got, cases.map(([line, wanted]) => [line, [...wanted], ""]));
    },
  });
}

Deno.test({
  name: "bash offers no files for a value that is not a file (apt-get install bash)",
  ignore: !has("bash"),
  fn: async () => {
    const { out } = await runLine(["completions", "bash"]);
    const script =
      `${out}\nCOMP_WORDS=(gocd-mesos drain --profile ""); COMP_CWORD=3; _gocd_mesos; echo "\${#COMPREPLY[@]}"`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
    assertEquals(new TextDecoder().decode(stdout), "0\n");
  },
});
