// `deno task mutants`: mutates the code and lists the mutants that no test kills.

import { matchesGlob } from "node:path";
import { parseArgs } from "@std/cli/parse-args";
import { type Equivalent, type Sorted, withoutEquivalents } from "./mutants_equivalents.ts";
import type { InstrumentOrder, Mutant } from "./mutants_instrument.ts";
import { type Copy, placeWorker } from "./mutants_process.ts";
import { cover, type Coverage, Runner, type Verdict } from "./mutants_run.ts";
import { say, wholeNumber } from "./terminal.ts";

const usage = `Usage: deno task mutants [--sample N] [--seed S] [--files GLOB…] [--tests GLOB…] [--workers W]

Makes mutants of the code (Stryker's, and other numbers), runs the tests against each, and lists those that survive.
Without --sample all mutants are run. Mutates src/core/**/*.ts and runs tests/core/**/*_test.ts, if not told otherwise; both
may be given several times. The tests run in few processes, many times: they must neither wait nor keep anything.

Not counted: wording (a string with a blank is a text for people; the transcripts hold those), branches that the compiler
proves unreachable (satisfies never), keys that become undefined instead of absent (… === undefined ? {} : …), and the
list tests/mutants_equivalent.json, each with its reason.

Ctrl-C tells what was found so far. Ends with code 0 when 95 % are killed, 1 when fewer are, 2 when it could not be run.`;

/** Minimum percentage of killed mutants. */
const killedMin = 95;
/** Interval of progress lines. */
const progressMs = 10_000;

interface Options {
  readonly root: string;
  readonly sample: number;
  readonly seed: number;
  readonly files: readonly string[];
  readonly tests: readonly string[];
  readonly workers: number;
}

/** Why it could not be run. */
class NotRun extends Error {
  override readonly name = "NotRun";
}

interface Outcome {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

/** The options; undefined after the usage was printed. */
function optionsOf(args: readonly string[]): Options | undefined {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["sample", "seed", "files", "tests", "workers", "root"],
    boolean: ["help"],
    collect: ["files", "tests"],
    unknown: (arg: string, key?: string) => key === undefined || (unknown.push(arg), false),
  });
  if (unknown.length > 0) throw new NotRun(`no option ${unknown.join(" ")}; see --help`);
  if (flags.help) return undefined;
  // A shell makes several words of a pattern.
  const files = [...flags.files, ...flags._.map(String)];
  return {
    root: folder(flags.root ?? decodeURIComponent(new URL("..", import.meta.url).pathname)),
    sample: wholeNumber("sample", flags.sample, Infinity),
    seed: wholeNumber("seed", flags.seed, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0),
    files: files.length === 0 ? ["src/core/**/*.ts"] : files,
    tests: flags.tests.length === 0 ? ["tests/core/**/*_test.ts"] : flags.tests,
    workers: Math.max(1, wholeNumber("workers", flags.workers, navigator.hardwareConcurrency)),
  };
}

function folder(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/** All files below a folder, as paths in the root, sorted. */
function filesBelow(root: string, path: string): string[] {
  return [...Deno.readDirSync(root + path)].flatMap(({ name, isDirectory }) => {
    const below = path === "" ? name : `${path}/${name}`;
    if (isDirectory) return name.startsWith(".") || name === "node_modules" ? [] : filesBelow(root, below);
    return [below];
  }).sort();
}

function matching(paths: readonly string[], globs: readonly string[]): string[] {
  return paths.filter((path) => globs.some((glob) => matchesGlob(path, glob)));
}

function copyTree(root: string, paths: readonly string[], into: string): void {
  for (const path of paths) {
    Deno.mkdirSync(`${into}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.copyFileSync(root + path, `${into}/${path}`);
  }
}

/** Creates the mutants in the copy. */
async function instrument(order: InstrumentOrder): Promise<Mutant[]> {
  const here = (name: string): string => decodeURIComponent(new URL(name, import.meta.url).pathname);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "--no-config", "--frozen", `--lock=${here("mutants.lock")}`],
      here("mutants_instrument.ts"),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order)));
  await input.close();
  const { code, stdout } = await child.output();
  if (code !== 0) throw new NotRun("the mutants could not be made");
  return JSON.parse(new TextDecoder().decode(stdout)) as Mutant[];
}

function equivalentsOf(root: string): Equivalent[] {
  try {
    return JSON.parse(Deno.readTextFileSync(`${root}tests/mutants_equivalent.json`)) as Equivalent[];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** So many of them, the same for the same seed, in the order of the code. */
function sampleOf(mutants: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  if (count >= mutants.length) return mutants;
  let state = seed >>> 0;
  const random = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const left = mutants.map((_, index) => index);
  const taken = Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0] ?? 0);
  return taken.sort((one, two) => one - two).flatMap((index) => mutants[index] ?? []);
}

async function runAll(copy: Copy, coverage: Coverage, mutants: readonly Mutant[], workers: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const kills = new Map<string, number>();
  const left = [...mutants];
  let toldMs = performance.now();
  // Results so far are still reported.
  const stop = (): number => left.length = 0;
  Deno.addSignalListener("SIGINT", stop);
  const work = async (): Promise<void> => {
    const runner = new Runner(copy, coverage, kills);
    try {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        outcomes.push({ mutant, verdict: await runner.run(mutant) });
        if (performance.now() - toldMs < progressMs) continue;
        toldMs = performance.now();
        say(`${outcomes.length} of ${mutants.length} run, ${outcomes.length - killedOf(outcomes)} survived`);
      }
    } finally {
      await runner.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, mutants.length) }, work));
  Deno.removeSignalListener("SIGINT", stop);
  return outcomes;
}

function killedOf(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ verdict }) => verdict.kind === "killed").length;
}

function tellMutants(mutants: readonly Mutant[], { counted, equivalent, stale }: Sorted): void {
  const uncounted = (why: Mutant["uncounted"]): number => mutants.filter((each) => each.uncounted === why).length;
  say(
    `${counted.length} mutants; not counted: ${uncounted("wording")} of wording, ${
      uncounted("never")
    } unreachable by ` +
      `type, ${uncounted("absent")} absent keys, ${equivalent.length} listed as equivalent`,
  );
  for (const { file, line, original, replacement } of stale) {
    say(`stale in tests/mutants_equivalent.json, remove it: ${file}: ${line}: ${original} → ${replacement}`);
  }
}

/** The survivors, then the figure; the code to end with. */
function tellOutcomes(outcomes: readonly Outcome[]): number {
  const inOrder = outcomes.toSorted((one, two) =>
    one.mutant.file < two.mutant.file ? -1 : one.mutant.file > two.mutant.file ? 1 : one.mutant.line - two.mutant.line
  );
  for (const { mutant, verdict } of inOrder) {
    if (verdict.kind === "killed") continue;
    say(`${mutant.file}:${mutant.line} ${mutant.kind}${verdict.isMet ? "" : " (no test gets there)"}`);
    say(`  - ${mutant.original}`);
    say(`  + ${mutant.replacement}`);
    if (mutant.lineText !== mutant.original) say(`  in ${mutant.lineText}`);
  }
  const killed = killedOf(outcomes);
  say(`${killed} of ${outcomes.length} mutants killed (${(100 * killed / outcomes.length).toFixed(1)} %)`);
  return 100 * killed >= killedMin * outcomes.length ? 0 : 1;
}

async function runIn(into: string, { root, sample, seed, files, tests, workers }: Options): Promise<number> {
  const paths = filesBelow(root, "");
  const chosen = matching(paths, files);
  if (chosen.length === 0) throw new NotRun(`no file matches ${files.join(" ")}`);
  copyTree(root, paths, into);
  placeWorker(into);
  const mutants = await instrument({ root: folder(into), files: chosen });
  const sorted = withoutEquivalents(
    mutants.filter((each) => each.uncounted === undefined),
    equivalentsOf(root),
    new Set(chosen),
  );
  tellMutants(mutants, sorted);
  const picked = sampleOf(sorted.counted, sample, seed);
  if (picked.length === 0) throw new NotRun("there are no mutants to run");
  if (picked.length < sorted.counted.length) say(`a sample of ${picked.length}, seed ${seed}`);
  const copy = { folder: into, testFiles: matching(paths, tests) };
  const coverage = await cover(copy);
  if (coverage.failed.length > 0) {
    throw new NotRun(`the tests fail without a mutant:\n  ${coverage.failed.join("\n  ")}`);
  }
  if (coverage.tests.length === 0) throw new NotRun(`there are no tests in ${tests.join(" ")}`);
  return tellOutcomes(await runAll(copy, coverage, picked, workers));
}

async function main(): Promise<number> {
  let into: string | undefined;
  try {
    const options = optionsOf(Deno.args);
    if (options === undefined) {
      say(usage);
      return 0;
    }
    into = Deno.makeTempDirSync({ prefix: "mutants-" });
    return await runIn(into, options);
  } catch (error) {
    if (!(error instanceof NotRun)) throw error;
    say(`mutants: ${error.message}`);
    return 2;
  } finally {
    if (into !== undefined) Deno.removeSync(into, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
