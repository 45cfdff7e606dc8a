// What scripts/compile.ts embeds in an executable: its first argument.

/** Build information of an executable; nothing for `deno run`. */
export interface Build {
  /** The commit it was built from, with `+` if files have changed since. */
  readonly commit?: string;
  /** The embedded permissions, one list per kind; absent: its sandbox uses those of the file. */
  readonly rights?: Readonly<Record<string, readonly string[]>>;
}

const option = "--gocd-mesos-build=";

/** The argument that embeds this. */
export function buildArgument(build: Build): string {
  return option + JSON.stringify(build);
}

/** Separates the embedded build information from the arguments of the user. */
export function takeBuild([first, ...rest]: readonly string[]): {
  readonly build: Build;
  readonly args: readonly string[];
} {
  if (first?.startsWith(option)) return { build: JSON.parse(first.slice(option.length)) as Build, args: rest };
  return { build: {}, args: first === undefined ? [] : [first, ...rest] };
}
