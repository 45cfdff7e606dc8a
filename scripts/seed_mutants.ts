// `deno task mutants:seeds`: how many handwritten bugs in the core the simulation catches. Exit codes: 0 enough caught,
// 1 too few or a patch out of date, 2 usage.

import { parseArgs } from "@std/cli/parse-args";
import { type SeedMutant, seedMutants } from "./seed_mutants_list.ts";
import { say } from "./terminal.ts";

/** The share that must be caught, of those that a seed can detect. */
const caughtMin = 2 / 3;

const args = parseArgs(Deno.args, {
  boolean: ["help"],
  string: ["seeds", "from", "workers", "only"],
  default: { seeds: "300", from: "1", workers: "1" },
});

const usage = `Usage: deno task mutants:seeds [--seeds N] [--from S] [--workers W] [--only NAME[,NAME]]

Puts each slip of scripts/seed_mutants_list.ts into a copy of the tree and plays N seeds (300), from S (1) on, until one
breaks a law. --only takes parts of names.`;

/** The result of a bug. */
interface Verdict {
  readonly mutant: SeedMutant;
  readonly kind: "caught" | "survived" | "out-of-date";
  /** The seed and the law that caught it. */
  readonly words: string;
}

const root = new URL("..", import.meta.url).pathname;

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** The patched text; undefined where the original is not there exactly once. */
function patched(text: string, { original, replacement }: SeedMutant): string | undefined {
  const at = text.indexOf(original);
  if (at < 0 || text.indexOf(original, at + 1) >= 0) return undefined;
  return text.slice(0, at) + replacement + text.slice(at + original.length);
}

async function playMutant(mutant: SeedMutant, tree: string): Promise<Verdict> {
  const path = `${tree}/src/core/${mutant.file}`;
  const text = Deno.readTextFileSync(path);
  const changed = patched(text, mutant);
  if (changed === undefined) return { mutant, kind: "out-of-date", words: `the text is not once in ${mutant.file}` };
  Deno.writeTextFileSync(path, changed);
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      cwd: tree,
      args: [
        ...["run", "--no-check", "--quiet", "--allow-read", "--allow-env", "scripts/sim.ts", "--until-broken"],
        ...["--seeds", args["seeds"], "--from", args["from"], "--workers", args["workers"]],
      ],
    }).output();
    const words = new TextDecoder().decode(stdout);
    if (code !== 0 && code !== 1 || !/seeds failed/.test(words)) throw new Error(new TextDecoder().decode(stderr));
    const broken = /^seed \d+ broke .*$/m.exec(words)?.[0];
    return broken === undefined
      ? { mutant, kind: "survived", words: "" }
      : { mutant, kind: "caught", words: broken.slice(0, 140) };
  } finally {
    Deno.writeTextFileSync(path, text);
  }
}

async function playAll(mutants: readonly SeedMutant[]): Promise<number> {
  const tree = Deno.makeTempDirSync({ prefix: "seed-mutants-" });
  const verdicts: Verdict[] = [];
  try {
    for (const folder of ["src", "scripts", "tests/world", "tests/support"]) {
      copyFolder(root + folder, `${tree}/${folder}`);
    }
    for (const file of ["deno.json", "deno.lock"]) Deno.copyFileSync(root + file, `${tree}/${file}`);
    for (const mutant of mutants) {
      const verdict = await playMutant(mutant, tree);
      verdicts.push(verdict);
      say(
        `${verdict.kind.padEnd(11)} ${mutant.name} (${mutant.file})${verdict.words === "" ? "" : `: ${verdict.words}`}`,
      );
      if (verdict.kind === "survived" && mutant.untold !== undefined) {
        say(`            no seed can tell: ${mutant.untold}`);
      }
    }
  } finally {
    Deno.removeSync(tree, { recursive: true });
  }
  const caught = verdicts.filter(({ kind }) => kind === "caught").length;
  const outOfDate = verdicts.filter(({ kind }) => kind === "out-of-date").length;
  say(`${caught} of ${verdicts.length} slips caught by ${args["seeds"]} seeds each; ${outOfDate} out of date`);
  return outOfDate === 0 && caught >= verdicts.length * caughtMin ? 0 : 1;
}

if (args["help"] === true) {
  say(usage);
} else {
  const parts = String(args["only"] ?? "").split(",");
  const mutants = seedMutants.filter(({ name }) => parts.some((part) => name.includes(part)));
  if (mutants.length === 0) {
    say(`no slip has a name with ${args["only"]}`);
    Deno.exit(2);
  }
  Deno.exit(await playAll(mutants));
}
