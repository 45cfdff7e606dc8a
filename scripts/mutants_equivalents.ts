// Reads tests/mutants_equivalent.json: the mutants without observable effect, each with the reason.

import type { Mutant } from "./mutants_instrument.ts";

/** Mutants of one place. Found by text, so that code above them may move. */
export interface Equivalent {
  readonly file: string;
  /** The line of the source that holds the start of the mutant, trimmed. */
  readonly line: string;
  readonly original: string;
  readonly replacement: string;
  readonly reason: string;
}

/** Mutants that count, and list entries that no longer match. */
export interface Sorted {
  readonly counted: readonly Mutant[];
  readonly equivalent: readonly Mutant[];
  readonly stale: readonly Equivalent[];
}

/** Takes the listed mutants out. Only entries for the given files can be stale. */
export function withoutEquivalents(
  mutants: readonly Mutant[],
  list: readonly Equivalent[],
  files: ReadonlySet<string>,
): Sorted {
  const listed = new Map(list.map((each) => [keyOf(each.file, each.line, each), each]));
  const counted: Mutant[] = [];
  const equivalent: Mutant[] = [];
  const used = new Set<string>();
  for (const mutant of mutants) {
    const key = keyOf(mutant.file, mutant.lineText, mutant);
    if (listed.has(key)) {
      used.add(key);
      equivalent.push(mutant);
    } else {
      counted.push(mutant);
    }
  }
  const stale = [...listed].filter(([key, { file }]) => files.has(file) && !used.has(key)).map(([, each]) => each);
  return { counted, equivalent, stale };
}

function keyOf(file: string, line: string, change: Pick<Equivalent, "original" | "replacement">): string {
  return [file, line, change.original, change.replacement].join("\n");
}
