// Puts all mutants of some files into a copy of the tree, each behind a switch, and lists them. Has its own lock file
// (scripts/mutants.lock), so that the instrumenter stays out of deno.lock and the executable.

/** The package, pinned. Not a literal in `import()`, or `deno check` would write it into deno.lock. */
const packageName = ["npm:@stryker-mutator/instrumenter", "10.1.1"].join("@");

/** What is to be instrumented: paths below `root`, each read and written there. */
export interface InstrumentOrder {
  readonly root: string;
  readonly files: readonly string[];
}

/**
 * Why a mutant is not counted: `wording` of texts for people; `never` reached by the types; `absent` keys that become
 * undefined ones, which cannot be distinguished (exactOptionalPropertyTypes keeps our own code from making them).
 */
export type Uncounted = "wording" | "never" | "absent";

/** One change of the code that can be switched on by its id. */
export interface Mutant {
  readonly id: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Name of the kind, as in Stryker's list of supported mutators, or `NumberLiteral`. */
  readonly kind: string;
  /** The line of the source, trimmed. */
  readonly lineText: string;
  /** The code that is replaced, and by what; runs of white space are one blank. */
  readonly original: string;
  readonly replacement: string;
  readonly uncounted?: Uncounted;
}

interface NodeParts {
  readonly start: number;
  readonly end: number;
  readonly value?: unknown;
  readonly test?: unknown;
  readonly kind?: string;
}

/** The part of Babel's NodePath that is used here. */
interface NodePath {
  readonly node: NodeParts;
  readonly hub: { readonly file: { readonly code: string } };
  readonly parentPath: NodePath | null;
  readonly key: string | number | null;
  isNumericLiteral(): boolean;
  isSwitchCase(): boolean;
}

interface Mutator {
  readonly name: string;
  mutate(path: NodePath): Iterable<unknown>;
}

interface StrykerMutant {
  readonly id: string;
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly statusReason?: string;
  /** From 0. */
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

interface StrykerPackage {
  readonly frameworkPluginsFileUrl: string;
  readonly Instrumenter: new (logger: Readonly<Record<string, () => boolean>>) => {
    instrument(
      files: readonly { readonly name: string; readonly mutate: true; readonly content: string }[],
      options: object,
    ): Promise<{
      readonly files: readonly { readonly name: string; readonly content: string }[];
      readonly mutants: readonly StrykerMutant[];
    }>;
  };
}

/**
 * Stryker changes no numbers; most limits are some. Small ones change by one, others to half and double. Of 0 and 1
 * only named constants: elsewhere they begin a count or stand in for what the types cannot exclude.
 */
const numberMutator: Mutator = {
  name: "NumberLiteral",
  *mutate(path): Iterable<unknown> {
    const { value } = path.node;
    if (!path.isNumericLiteral() || typeof value !== "number" || path.key === "key") return;
    if (value <= 1 && path.parentPath?.parentPath?.node.kind !== "const") return;
    const others = value === 0 ? [1] : value < 100 ? [value - 1, value + 1] : [value / 2, value * 2];
    for (const other of others) yield { type: "NumericLiteral", value: other };
  },
};

/** Where Stryker counts what is covered; once that is known (`isCovered`), counting costs a third of the time. */
const coverBegins = "function cover() {";

/** The branch of a switch that no value reaches, as the compiler proves. */
function unreachableBranch(path: NodePath): string | undefined {
  if (!path.isSwitchCase() || path.node.test) return undefined;
  const code = path.hub.file.code.slice(path.node.start, path.node.end);
  return /\bsatisfies never\b/.test(code) ? "never" : undefined;
}

/** Whether a literal is a text for people: it has a blank between or beside its words. Codes and kinds have none. */
function isWording(mutant: StrykerMutant, original: string): boolean {
  return mutant.mutatorName === "StringLiteral" && / /.test(original.replaceAll(/\$\{[^}]*\}/g, ""));
}

async function instrument({ root, files }: InstrumentOrder): Promise<Mutant[]> {
  const stryker = await import(packageName) as StrykerPackage;
  const listUrl = new URL("../mutators/mutate.js", stryker.frameworkPluginsFileUrl);
  const { allMutators } = await import(listUrl.href) as { readonly allMutators: Mutator[] };
  allMutators.push(numberMutator);
  const silent = (): boolean => false;
  const instrumenter = new stryker.Instrumenter({ isDebugEnabled: silent, debug: silent, info: silent, warn: silent });
  const sources = files.map((name) => ({ name, mutate: true as const, content: Deno.readTextFileSync(root + name) }));
  const ignorers = [{ shouldIgnore: unreachableBranch }];
  const made = await instrumenter.instrument(sources, { plugins: null, excludedMutations: [], ignorers });
  for (const { name, content } of made.files) {
    const isSwitched = made.mutants.some(({ fileName, statusReason }) =>
      fileName === name && statusReason === undefined
    );
    if (isSwitched && !content.includes(coverBegins)) throw new Error(`${name} counts its coverage in an unknown way`);
    Deno.writeTextFileSync(root + name, content.replace(coverBegins, `${coverBegins}\n    if (ns.isCovered) return;`));
  }
  const lines = new Map(sources.map(({ name, content }) => [name, content.split("\n")]));
  return made.mutants.map((mutant) => described(mutant, lines.get(mutant.fileName) ?? []));
}

function described(mutant: StrykerMutant, lines: readonly string[]): Mutant {
  const { location: { start, end }, statusReason } = mutant;
  const part = lines.slice(start.line, end.line + 1);
  const last = part.length - 1;
  part[last] = part[last]?.slice(0, end.column) ?? "";
  part[0] = part[0]?.slice(start.column) ?? "";
  const original = part.join("\n");
  const rest = lines[end.line]?.slice(end.column) ?? "";
  const uncounted = statusReason !== undefined
    ? "never"
    : isWording(mutant, original)
    ? "wording"
    : mutant.replacement === "false" && rest.startsWith(" ? {} :")
    ? "absent"
    : undefined;
  return {
    id: mutant.id,
    file: mutant.fileName,
    line: start.line + 1,
    kind: mutant.mutatorName,
    lineText: lines[start.line]?.trim() ?? "",
    original: oneLine(original),
    replacement: oneLine(mutant.replacement),
    ...(uncounted === undefined ? {} : { uncounted }),
  };
}

function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, " ").trim();
}

if (import.meta.main) {
  const order = JSON.parse(await new Response(Deno.stdin.readable).text()) as InstrumentOrder;
  const text = JSON.stringify(await instrument(order));
  await Deno.stdout.write(new TextEncoder().encode(text));
}
