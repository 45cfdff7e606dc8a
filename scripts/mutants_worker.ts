// A process that runs tests with one mutant active at a time, inside the copy of the tree. Arguments: the mutant active
// from the start ("" for none), and the test files.

/** What the parent asks for, one JSON line each. */
export type WorkerOrder =
  /** Run all tests without a mutant and report what each covers. */
  | { readonly kind: "cover" }
  /** Run tests in this order, those it does not know last, until one fails. */
  | { readonly kind: "run"; readonly mutant: string; readonly tests: readonly TestOrder[] };

/** A test, and how often it may meet the mutant before that counts as an endless loop. */
export interface TestOrder {
  readonly name: string;
  readonly hitsMax: number;
}

/** What a worker says, one JSON line each, behind `linePrefix`. */
export type WorkerLine =
  | { readonly kind: "loaded" }
  /** The test files could not be loaded: with a mutant that is active from the start, it is killed. */
  | { readonly kind: "load-failed"; readonly message: string }
  | { readonly kind: "begins"; readonly test: string }
  | { readonly kind: "covered"; readonly test: string; readonly ms: number; readonly error?: string }
  /** Hits per mutant: while the files were loaded, and per test. */
  | { readonly kind: "coverage"; readonly static: Hits; readonly perTest: Readonly<Record<string, Hits>> }
  /** `isTainted`: the test that failed fails without the mutant, too; this process is of no use any more. */
  | { readonly kind: "ran"; readonly killedBy?: string; readonly message?: string; readonly isTainted?: boolean };

/** How often mutants were met, by id. */
export type Hits = Readonly<Record<string, number>>;

/** What distinguishes the worker's lines from what tests print. */
export const linePrefix = "\u0001mutants ";

/** What instrumented code reads and writes (Stryker's name). */
interface Switches {
  activeMutant: string | null;
  currentTestId?: string;
  hitCount?: number;
  hitLimit?: number;
  /** Ours: what is covered is known, and not counted any more. */
  isCovered?: boolean;
  mutantCoverage?: { static: Hits; perTest: Record<string, Hits> };
}

interface Context {
  readonly name: string;
  step(first: unknown, second?: unknown): Promise<boolean>;
}

type Body = (context: Context) => unknown;

const tests = new Map<string, Body>();
const switches: Switches = { activeMutant: null };
Object.assign(globalThis, { __stryker__: switches });

function say(line: WorkerLine): void {
  const bytes = new TextEncoder().encode(`${linePrefix}${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** All forms of `Deno.test`: name, options and body in any of its orders. */
function partsOf(
  args: readonly unknown[],
): { readonly name: string; readonly body?: Body; readonly isIgnored: boolean } {
  const options = Object.assign({}, ...args.filter((each) => typeof each === "object")) as {
    readonly name?: string;
    readonly fn?: Body;
    readonly ignore?: boolean;
  };
  const body = args.find((each): each is Body => typeof each === "function") ?? options.fn;
  const name = args.find((each) => typeof each === "string") ?? options.name ?? body?.name ?? "";
  return { name: String(name), isIgnored: options.ignore ?? false, ...(body === undefined ? {} : { body }) };
}

/** Registers tests of a file under its name; tests of the same name are counted. */
function collectTests(file: string): void {
  const register = (...args: readonly unknown[]): void => {
    const { name, body, isIgnored } = partsOf(args);
    if (body === undefined || isIgnored) return;
    let key = `${file}: ${name}`;
    for (let number = 2; tests.has(key); number++) key = `${file}: ${name} (${number})`;
    tests.set(key, body);
  };
  Object.defineProperty(Deno, "test", { value: register, configurable: true });
}

function contextOf(name: string): Context {
  return {
    name,
    async step(first, second): Promise<boolean> {
      const { name, body } = partsOf([first, second].filter((each) => each !== undefined));
      await body?.(contextOf(name));
      return true;
    },
  };
}

/** The error of a test, if it fails. */
async function failureOf(name: string, body: Body): Promise<string | undefined> {
  switches.currentTestId = name;
  try {
    await body(contextOf(name));
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } finally {
    delete switches.currentTestId;
  }
}

async function cover(): Promise<void> {
  for (const [name, body] of tests) {
    const startedMs = performance.now();
    const error = await failureOf(name, body);
    const ms = performance.now() - startedMs;
    say({ kind: "covered", test: name, ms, ...(error === undefined ? {} : { error }) });
  }
  const { static: atLoad, perTest } = switches.mutantCoverage ?? { static: {}, perTest: {} };
  say({ kind: "coverage", static: atLoad, perTest });
}

async function run(mutant: string, orders: readonly TestOrder[]): Promise<void> {
  switches.isCovered = true;
  const known = new Set(orders.map((each) => each.name));
  const isFromStart = switches.activeMutant === mutant;
  // A mutant of what is done at load may have renamed the tests of a table.
  const others = isFromStart ? [...tests.keys()].filter((name) => !known.has(name)) : [];
  const all = [...orders, ...others.map((name) => ({ name, hitsMax: Infinity }))];
  for (const { name, hitsMax } of all) {
    const body = tests.get(name);
    if (body === undefined) continue;
    say({ kind: "begins", test: name });
    Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit: hitsMax });
    const message = await failureOf(name, body);
    if (message === undefined) continue;
    switches.activeMutant = null;
    const isTainted = !isFromStart && await failureOf(name, body) !== undefined;
    return say({ kind: "ran", killedBy: name, message: message.slice(0, 300), isTainted });
  }
  switches.activeMutant = isFromStart ? mutant : null;
  say({ kind: "ran" });
}

async function* orders(): AsyncIterable<WorkerOrder> {
  let rest = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as WorkerOrder;
  }
}

async function work([mutant = "", ...files]: readonly string[]): Promise<void> {
  switches.activeMutant = mutant === "" ? null : mutant;
  try {
    for (const file of files) {
      collectTests(file);
      await import(new URL(file, `file://${Deno.cwd()}/`).href);
    }
  } catch (error) {
    return say({ kind: "load-failed", message: String(error).slice(0, 300) });
  }
  say({ kind: "loaded" });
  for await (const order of orders()) {
    if (order.kind === "cover") await cover();
    else await run(order.mutant, order.tests);
  }
}

if (import.meta.main) await work(Deno.args);
