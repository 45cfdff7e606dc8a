// `deno task ok`: everything that a change must pass; CI runs the same (.ci/run installs the prerequisites, then calls
// this). Ends with a line "N passed, N failed", in which each test counts, and with code 1 where anything has failed.

import { say } from "./terminal.ts";

/** What was run, and its standard output. */
interface Ran {
  readonly code: number;
  readonly output: string;
}

interface RunOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** With an empty environment. */
  readonly isBare?: boolean;
}

/**
 * Minimum coverage in percent, of lines, branches and functions alike. The core has no branch that cannot be taken
 * (docs/decisions/0113). Whether a test would notice a change of a branch that is taken, `deno task mutants` tells.
 */
const coverageMin = { core: 100, others: 90 };

const root = decodeURIComponent(new URL("..", import.meta.url).pathname);
const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-ok-" });
const binary = `${folder}/gocd-mesos`;
const coverage = `${folder}/coverage`;
const deno = Deno.execPath();
let passed = 0;
let failed = 0;

/** Runs a program; its output is shown as it comes. */
async function run(program: string, { args, env = {}, cwd = root, isBare = false }: RunOptions): Promise<Ran> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd,
    env: isBare ? { ...env } : { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    clearEnv: isBare,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
    output += decoder.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, output };
}

function count(name: string, isGood: boolean): boolean {
  if (isGood) passed++;
  else failed++;
  say(`${isGood ? "ok" : "FAILED"}: ${name}`);
  return isGood;
}

/** One check: it is passed where the program ends with code 0. */
async function check(name: string, program: string, options: RunOptions): Promise<boolean> {
  say(`\n== ${name}`);
  return count(name, (await run(program, options)).code === 0);
}

/** All tests, by the command of the README. Each counts; one that was left out is a failure. */
async function checkTests(env: Readonly<Record<string, string>>): Promise<void> {
  say("\n== tests");
  const args = ["task", "test", `--coverage=${coverage}`, "--coverage-raw-data-only"];
  const { code, output } = await run(deno, { args, env });
  const numbers = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?: \| (\d+) ignored)?/m.exec(output);
  const [good, bad, ignored] = [1, 2, 3].map((index) => Number(numbers?.[index] ?? 0));
  passed += good ?? 0;
  failed += bad ?? 0;
  if (code !== 0 && bad === 0) count(`the test command, which ended with ${code}`, false);
  if (ignored !== 0) count(`no test is left out: ${ignored} are`, false);
}

/** The executable; where it could be made, the tests of it can be run, too. */
async function checkBinary(): Promise<Readonly<Record<string, string>>> {
  if (!await check("compile", deno, { args: ["task", "compile", "--output", binary] })) return {};
  const bare = { isBare: true, cwd: folder };
  await check("the binary tells its version in an empty environment", binary, { args: ["version"], ...bare });
  await check("the binary plays the demo in an empty environment", binary, {
    args: ["demo", "--exit"],
    ...bare,
    env: { HOME: folder },
  });
  return { DENO_COMPILE: Deno.env.get("DENO_COMPILE") ?? deno };
}

async function checkCoverage(): Promise<void> {
  const { core, others } = coverageMin;
  const of = (...args: readonly string[]): RunOptions => ({ args: ["coverage", ...args, coverage] });
  await check(`coverage of the core, ${core} %`, deno, of("--include=/src/core/", `--threshold=${core}`));
  const rest = ["--include=/src/", "--exclude=/src/core/", `--threshold=${others}`];
  await check(`coverage of the other folders, ${others} %`, deno, of(...rest));
}

try {
  await check("format", deno, { args: ["task", "fmt"] });
  await check("lint", deno, { args: ["task", "lint"] });
  await check("types", deno, { args: ["task", "check"] });
  await check("documentation", deno, { args: ["task", "doc"] });
  await check("the site has no dead link", deno, { args: ["task", "site", "--output", `${folder}/site`] });
  await check("benchmarks run", deno, { args: ["task", "bench:smoke"] });
  await checkTests(await checkBinary());
  await checkCoverage();
  // The same seeds each time, so that a failure is caused by the change; fresh ones are run nightly.
  const seeds = ["task", "sim", "--seeds", "2000", "--from", "20000", "--but-open"];
  await check("the simulation, 2,000 seeds", deno, { args: seeds });
} finally {
  Deno.removeSync(folder, { recursive: true });
}
say(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
