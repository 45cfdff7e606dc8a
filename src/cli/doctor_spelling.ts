// Names of resources and environments that are almost the same as others and were probably meant to be. For `doctor`.

import type { Config } from "../config/config.ts";
import { namesOf } from "../core/demand/patterns.ts";
import { profileKey, quotedName } from "../core/words/phrases.ts";
import type { GocdPoll } from "../gocd/api.ts";
import type { Report } from "./report.ts";
import { nearestWord } from "./usage.ts";

/** A name of the configuration or of a job, and the one that may have been meant. */
export interface Misspelling {
  /** As in "resource". */
  readonly what: "resource" | "environment";
  readonly name: string;
  readonly near: string;
  /** Where the name occurs: a key of the configuration, or a job. */
  readonly where: string;
}

/** The existing names. */
export interface NamesInUse {
  /** In the configuration: key and names. */
  readonly configured: readonly { readonly key: string; readonly names: readonly string[] }[];
  /** Of waiting jobs: locator and names. */
  readonly wanted: readonly { readonly locator: string; readonly names: readonly string[] }[];
  /** Of agents that are not ours, or of the server itself. */
  readonly others: readonly string[];
}

/** Short names are similar by chance: qa and ci, x64 and x86. */
const lettersMin = 4;
/** Maximum number of misspellings reported. */
const toldMax = 10;

/**
 * Names that only one side has, and that are almost the same as one of the other side. `what`: what they name. Names
 * that differ only in digits do not count: java8 and java11 are both intended.
 */
export function misspellings(what: Misspelling["what"], { configured, wanted, others }: NamesInUse): Misspelling[] {
  const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
  const ours = new Set(configured.flatMap(({ names }) => lower(names)));
  const theirs = new Set([...wanted.flatMap(({ names }) => lower(names)), ...lower(others)]);
  const found = new Map<string, Misspelling>();
  const look = (
    where: string,
    names: readonly string[],
    known: { readonly same: ReadonlySet<string>; readonly near: ReadonlySet<string> },
  ): void => {
    for (const name of names) {
      const folded = name.toLowerCase();
      if (folded.length < lettersMin || known.same.has(folded)) continue;
      const near = nearestWord(folded, [...known.near].filter((each) => !isSameButDigits(each, folded)));
      if (near !== undefined && !found.has(folded)) found.set(folded, { what, name, near, where });
    }
  };
  for (const { key, names } of configured) look(key, names, { same: theirs, near: theirs });
  for (const { locator, names } of wanted) look(`job ${locator}`, names, { same: ours, near: ours });
  // Each pair once: from the side of the configuration, which the operator can change.
  return [...found.values()].filter(({ name, near, where }) =>
    !where.startsWith("job ") || found.get(near)?.near !== name.toLowerCase()
  ).slice(0, toldMax);
}

function isSameButDigits(one: string, other: string): boolean {
  return one.replaceAll(/\d+/g, "#") === other.replaceAll(/\d+/g, "#");
}

/** Reports names that may be misspelt; `environments`: all of the server, if it reports them. */
export function checkSpelling(
  { settings: { profiles } }: Pick<Config, "settings">,
  { jobs, agents }: Pick<GocdPoll, "jobs" | "agents">,
  { environments, report }: { readonly environments: readonly string[]; readonly report: Report },
): void {
  const keyed = (names: readonly string[] | "*", name: string, last: string): NamesInUse["configured"] =>
    names === "*" ? [] : [{ key: `${profileKey(name)}.${last}`, names: namesOf(names) }];
  const found = [
    ...misspellings("resource", {
      configured: profiles.flatMap(({ gocdResources, name }) => keyed(gocdResources, name, "resources")),
      wanted: jobs.map(({ locator, gocdResources }) => ({ locator, names: gocdResources })),
      others: agents.flatMap(({ gocdResources }) => gocdResources),
    }),
    ...misspellings("environment", {
      configured: profiles.flatMap(({ environments, name }) => keyed(environments, name, "environments")),
      wanted: jobs.map(({ locator, environment }) => ({
        locator,
        names: environment === undefined ? [] : [environment],
      })),
      others: [...environments, ...agents.flatMap((each) => each.environments.map(({ name }) => name))],
    }),
  ];
  for (const { what, name, near, where } of found) {
    const who = where.startsWith("job ") ? "no profile has" : "neither the server nor any waiting job or agent has";
    report.warn(
      "names",
      `${where}: ${who} ${what} ${quotedName(name)}, but ${quotedName(near)} is almost the same`,
      "if they should be the same, correct the misspelt one",
    );
  }
  if (found.length > 0) return;
  report.ok(
    "names",
    "no resource or environment of the profiles is almost the same as one of a waiting job, an agent or the server",
  );
}
