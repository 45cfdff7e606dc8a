// Runs mutants against the tests: measures coverage first, then runs each mutant against the tests that reach it, the
// likeliest first.

import type { Mutant } from "./mutants_instrument.ts";
import { type Copy, startWorker, WorkerEnded, type WorkerProcess } from "./mutants_process.ts";
import type { Hits, TestOrder, WorkerLine } from "./mutants_worker.ts";

/** A test as it ran without a mutant. */
interface CoveredTest {
  readonly name: string;
  readonly ms: number;
  /** How often it met each mutant. */
  readonly hits: Hits;
}

/** What the tests do without a mutant. */
export interface Coverage {
  readonly tests: readonly CoveredTest[];
  /** Mutants met while the files were loaded: constants of modules, tables of tests. */
  readonly atLoad: ReadonlySet<string>;
  /** Tests that fail without a mutant; with any, nothing else here means anything. */
  readonly failed: readonly string[];
}

/** What became of a mutant. */
export type Verdict =
  | { readonly kind: "killed"; readonly by: string }
  /** `isMet`: whether any test gets there. */
  | { readonly kind: "survived"; readonly isMet: boolean };

/** The first word of a worker may wait for the compiler and a busy machine. */
const loadMaxMs = 120_000;
/** A test may take this long, and this many times longer than without a mutant. */
const testMinMs = 10_000;
const slowerMax = 20;
/** A mutant may be met this many times as often as without it, and some more, before that is an endless loop. */
const hitsFactor = 100;
const hitsMore = 1_000;

/** Runs all tests without a mutant. Throws WorkerEnded where they cannot be run. */
export async function cover(copy: Copy): Promise<Coverage> {
  const worker = startWorker(copy, "");
  try {
    const loaded = await worker.next(loadMaxMs);
    if (loaded.kind === "load-failed") return { tests: [], atLoad: new Set(), failed: [loaded.message] };
    await worker.order({ kind: "cover" });
    const times = new Map<string, number>();
    const failed: string[] = [];
    for (;;) {
      const line = await worker.next(loadMaxMs);
      if (line.kind === "covered") {
        times.set(line.test, line.ms);
        if (line.error !== undefined) failed.push(`${line.test}: ${line.error}`);
      } else if (line.kind === "coverage") {
        const tests = [...times].map(([name, ms]) => ({ name, ms, hits: line.perTest[name] ?? {} }));
        return { tests, atLoad: new Set(Object.keys(line.static)), failed };
      }
    }
  } finally {
    await worker.end();
  }
}

type Ran = Extract<WorkerLine, { readonly kind: "ran" }>;

function verdictOf({ killedBy }: Ran): Verdict {
  return killedBy === undefined ? { kind: "survived", isMet: true } : { kind: "killed", by: killedBy };
}

/** One of the processes that work at the same time. */
export class Runner {
  readonly #copy: Copy;
  readonly #coverage: Coverage;
  /** Mutants of a file that a test has killed: shared by all runners. */
  readonly #kills: Map<string, number>;
  #worker: WorkerProcess | undefined;

  constructor(copy: Copy, coverage: Coverage, kills: Map<string, number>) {
    this.#copy = copy;
    this.#coverage = coverage;
    this.#kills = kills;
  }

  /** Whether the mutant is killed. */
  async run(mutant: Mutant): Promise<Verdict> {
    const verdict = await this.#judge(mutant);
    if (verdict.kind === "killed") {
      const key = `${mutant.file} ${verdict.by}`;
      this.#kills.set(key, (this.#kills.get(key) ?? 0) + 1);
    }
    return verdict;
  }

  async #judge(mutant: Mutant): Promise<Verdict> {
    const met = this.#coverage.tests.filter((test) => test.hits[mutant.id] !== undefined);
    if (this.#coverage.atLoad.has(mutant.id)) return await this.#afresh(mutant, this.#coverage.tests);
    if (met.length === 0) return { kind: "survived", isMet: false };
    const worker = this.#worker ??= startWorker(this.#copy, "");
    const result = await this.#ask(worker, mutant, met);
    // What a process has kept from earlier mutants must not kill one: a doubt is tried again in a new process. (It may
    // save one; that shows, because survivors are looked at.)
    if (result === "ended" || result.isTainted === true) {
      await this.end();
      return await this.#afresh(mutant, met);
    }
    return verdictOf(result);
  }

  /** Ends the process. */
  async end(): Promise<void> {
    await this.#worker?.end();
    this.#worker = undefined;
  }

  /** In a process in which the mutant is active from the start. */
  async #afresh(mutant: Mutant, tests: readonly CoveredTest[]): Promise<Verdict> {
    const worker = startWorker(this.#copy, mutant.id);
    try {
      const result = await this.#ask(worker, mutant, tests);
      if (result === "ended") return { kind: "killed", by: "the time limit" };
      return result.killedBy === undefined
        ? { kind: "survived", isMet: true }
        : { kind: "killed", by: result.killedBy };
    } finally {
      await worker.end();
    }
  }

  /** The result of the tests; `ended` if the process ended before it could report. */
  async #ask(
    worker: WorkerProcess,
    mutant: Mutant,
    tests: readonly CoveredTest[],
  ): Promise<Ran | "ended"> {
    const times = new Map(tests.map(({ name, ms }) => [name, ms]));
    let limitMs = loadMaxMs;
    await worker.order({ kind: "run", mutant: mutant.id, tests: this.#ordered(mutant, tests) });
    try {
      for (;;) {
        const line = await worker.next(limitMs);
        if (line.kind === "ran") return line;
        if (line.kind === "load-failed") return { kind: "ran", killedBy: "loading the tests" };
        if (line.kind === "begins") limitMs = testMinMs + slowerMax * (times.get(line.test) ?? 0);
      }
    } catch (error) {
      if (!(error instanceof WorkerEnded)) throw error;
      return "ended";
    }
  }

  /** Those that killed most of the same file first, then the quickest. */
  #ordered(mutant: Mutant, tests: readonly CoveredTest[]): TestOrder[] {
    const rank = tests.map((test) => ({ test, kills: this.#kills.get(`${mutant.file} ${test.name}`) ?? 0 }));
    rank.sort((one, two) => two.kills / (1 + two.test.ms) - one.kills / (1 + one.test.ms) || one.test.ms - two.test.ms);
    return rank.map(({ test }) => {
      const hits = test.hits[mutant.id];
      return { name: test.name, hitsMax: hits === undefined ? 1e9 : hits * hitsFactor + hitsMore };
    });
  }
}
