// Finds environments that exist only in our configuration (GoCD EnvironmentsController 16.7 to 26.1: administrators
// only up to 19.12; since 20.1 other users silently get a shorter list).

import type { GocdAgent, ScheduledJob } from "../core/gocd_records.ts";
import { GocdError } from "./api.ts";
import { at, parseJson } from "./json.ts";
import { contentError } from "./content_problems.ts";
import { firstSupported } from "./first_supported.ts";
import type { GocdAnswer, Requester } from "./request.ts";
import type { GocdDialect } from "./versions.ts";

/** How long the list stays valid: a new environment is missed for no longer than this. */
export const environmentsFreshMs = 60_000;
const namesMax = 100_000;

/** What a poll has read before environments are requested. */
export interface EnvironmentsQuery {
  /** Names of our configuration. */
  readonly names: readonly string[];
  readonly jobs: readonly ScheduledJob[];
  readonly agents: readonly GocdAgent[];
  readonly dialect: GocdDialect;
  /** Whether the account sees everything; if not, nothing is requested. */
  readonly isAdmin: boolean;
}

/** Remembers a server's environments. */
export interface EnvironmentsMemory {
  /**
   * Those of the names that the server does not have; nothing if that is unknown, as an error does not mean "missing".
   * Requests only names that no waiting job and no agent shows to exist. Throws only for `signal`.
   */
  missing(query: EnvironmentsQuery, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

interface Known {
  readonly atMs: number;
  readonly version: string;
  /** In lower case; absent: could not be read. */
  readonly names?: ReadonlySet<string>;
}

/** Creates a cache; sends no request before the first name in doubt. */
export function createEnvironmentsMemory(requester: Requester, nowMs: () => number): EnvironmentsMemory {
  let known: Known | undefined;
  return {
    async missing(query, signal): Promise<readonly string[] | undefined> {
      const { dialect } = query;
      const unconfirmed = unconfirmedNames(query);
      if (unconfirmed.length === 0) return [];
      if (dialect.environments.length === 0 || !query.isAdmin) return undefined;
      const isFresh = known?.version === dialect.version && nowMs() - known.atMs < environmentsFreshMs;
      if (known === undefined || !isFresh) {
        const list = await readEnvironments(requester, dialect, signal);
        const names = list === undefined ? {} : { names: new Set(list.map((name) => name.toLowerCase())) };
        known = { atMs: nowMs(), version: dialect.version, ...names };
      }
      const { names } = known;
      return names === undefined ? undefined : unconfirmed.filter((name) => !names.has(name.toLowerCase()));
    },
  };
}

/** A job names the current environment of its pipeline; an agent names one of its own, which may be `unknown`. */
function unconfirmedNames({ names, jobs, agents }: EnvironmentsQuery): readonly string[] {
  if (names.length === 0) return [];
  const shown = new Set(jobs.flatMap(({ environment }) => environment?.toLowerCase() ?? []));
  for (const { environments } of agents) {
    for (const { name, origin } of environments) {
      if (origin !== "unknown") shown.add(name.toLowerCase());
    }
  }
  return names.filter((name) => !shown.has(name.toLowerCase()));
}

/** The names of the server's environments; nothing if they cannot be read. Throws only for `signal`. */
export async function readEnvironments(
  requester: Requester,
  dialect: GocdDialect,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (dialect.environments.length === 0) return undefined;
  try {
    return await firstSupported(
      dialect.environments,
      (accept) => requester.exchange({ method: "GET", path: "/api/admin/environments", accept }, signal, namesOf),
    );
  } catch (error) {
    if (!(error instanceof GocdError) || signal.aborted) throw error;
    return undefined;
  }
}

/** The names only: environments also have variables, which must not be kept. */
async function namesOf(answer: GocdAnswer): Promise<readonly string[]> {
  const body = parseJson(await answer.text(), answer.source);
  const entries = at(body, "_embedded", "environments");
  const names = Array.isArray(entries) && entries.length <= namesMax
    ? entries.map((entry: unknown) => at(entry, "name"))
    : [undefined];
  const told = names.filter((name) => typeof name === "string");
  // An unreadable one might be the one that matters.
  if (told.length < names.length) {
    throw contentError(answer.source, { kind: "other-shape", expected: "a list of environments" });
  }
  return told;
}
