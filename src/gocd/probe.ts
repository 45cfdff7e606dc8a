// Detects the GoCD release, remembers it, and detects it again when responses change (the server was upgraded).

import { at, parseJson } from "./json.ts";
import { GocdError } from "./api.ts";
import type { Requester } from "./request.ts";
import { dialectOf, type GocdDialect, mediaType, newerRelease } from "./versions.ts";

/** How long a version stays valid. */
const versionFreshMs = 10 * 60 * 1000;

/** The dialect of one server over time. */
export interface DialectMemory {
  /**
   * Performs an action in the server's dialect. If the server then denies a path and the dialect was not fresh, its
   * version is requested again, and if that has changed, the action is repeated once.
   */
  use<T>(signal: AbortSignal, act: (dialect: GocdDialect) => Promise<T>): Promise<T>;
  /** Remembers what worked. */
  settle(dialect: GocdDialect): void;
  /** Requests the version again at the next use: the server was down and may have another version now. */
  doubt(): void;
}

/** Creates a cache; sends no request before the first use. */
export function createDialectMemory(requester: Requester, nowMs: () => number): DialectMemory {
  let known: GocdDialect | undefined;
  let readAtMs: number | undefined;

  async function read(signal: AbortSignal): Promise<GocdDialect> {
    const told = await readVersion(requester, signal);
    const isSettledWithoutVersion = known?.version === "<16.6" || known?.version === "unknown";
    // A server that does not report its version keeps its dialect until it denies a path.
    known = known !== undefined && (known.version === told || (told === undefined && isSettledWithoutVersion))
      ? known
      : dialectOf(told);
    readAtMs = nowMs();
    return known;
  }

  return {
    async use<T>(signal: AbortSignal, act: (dialect: GocdDialect) => Promise<T>): Promise<T> {
      const isFresh = known !== undefined && readAtMs !== undefined && nowMs() - readAtMs < versionFreshMs;
      const dialect = isFresh && known !== undefined ? known : await read(signal);
      try {
        return await act(dialect);
      } catch (error) {
        if (!deniesPath(error)) throw inRelease(error, dialect);
        known = undefined;
        const again = isFresh ? await read(signal) : dialect;
        if (again === dialect || (again.version === dialect.version && again.version !== "<16.6")) {
          throw inRelease(error, dialect);
        }
        return await act(again);
      }
    },
    settle(dialect: GocdDialect): void {
      known = dialect;
    },
    doubt(): void {
      readAtMs = undefined;
    },
  };
}

/** A response that is not understood, or a denied path, may come from an unknown newer version. */
function inRelease(error: unknown, { version }: GocdDialect): unknown {
  const hint = newerRelease(version);
  const isOurs = error instanceof GocdError && (error.problem.kind === "unreadable" || deniesPath(error));
  if (!isOurs || hint === undefined || strangersCodes.has(error.problem.code)) return error;
  return new GocdError({ ...error.problem, hint: `${hint}; or ${error.problem.hint}` }, error);
}

const strangersCodes: ReadonlySet<string> = new Set(["gocd-login-page", "gocd-redirected"]);

/** Whether a server reported that it lacks something that every server of its dialect has. */
function deniesPath(error: unknown): boolean {
  return error instanceof GocdError && error.problem.kind === "missing" && error.problem.code !== "gocd-agent-missing";
}

/** `/api/version` with the media type that all releases from 16.6 on support; nothing if it does not exist. */
async function readVersion(requester: Requester, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await requester.exchange(
      { method: "GET", path: "/api/version", accept: mediaType(1) },
      signal,
      async (answer) => {
        const version = at(parseJson(await answer.text(), answer.source), "version");
        return typeof version === "string" ? version : "";
      },
    );
  } catch (error) {
    if (error instanceof GocdError && error.problem.kind === "missing") return undefined;
    throw error;
  }
}
