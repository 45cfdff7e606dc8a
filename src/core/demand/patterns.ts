// Names of resources, environments and pipeline groups in which `*` matches any text. No name on a GoCD server contains
// `*` (GoCD ResourceConfig, NameTypeValidator).

/** Whether this is a pattern and not a literal name. */
export function isPattern(name: string): boolean {
  return name.includes("*");
}

/** The literal names among them. */
export function namesOf(names: readonly string[] | "*"): readonly string[] {
  return names === "*" ? [] : names.filter((name) => !isPattern(name));
}

/** A predicate for whole names, in the spelling of the pattern: `jdk-*` matches `jdk-` and `jdk-17`. */
export function patternTest(pattern: string): (name: string) => boolean {
  const first = pattern.slice(0, pattern.indexOf("*"));
  const last = pattern.slice(pattern.lastIndexOf("*") + 1);
  const between = pattern.slice(first.length, pattern.length - last.length).split("*");
  // Matched piecewise and not with a regular expression, which could backtrack excessively.
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const piece of between) {
      const found = name.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= name.length - last.length;
  };
}
