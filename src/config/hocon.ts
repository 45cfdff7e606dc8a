// Reads a HOCON file with its includes.

import { dirname, isAbsolute, join } from "node:path";
import { ConfigError, failAt } from "./config_error.ts";
import { mergeRaw, type RawObject } from "./hocon_raw.ts";
import { resolveHocon, type UnsetVariables } from "./hocon_resolve.ts";
import { type IncludeRequest, parseHocon } from "./hocon_syntax.ts";
import { unsetVariableAt } from "./hocon_unset.ts";
import type { ConfObject } from "./hocon_values.ts";

/** The combined contents of a file, its includes and the environment. */
export interface HoconFile {
  /** The root object. */
  readonly root: ConfObject;
  /** All files that were searched, in order: missing ones may appear later. */
  readonly files: readonly string[];
  /** Names of environment variables that the file uses. */
  readonly envNames: readonly string[];
  /** Possible mistakes: missing includes, a comment in the middle of a word. */
  readonly warnings: readonly string[];
  /** The unset or empty environment variable that should have supplied the value of this path, which has none. */
  readonly unsetVariable: (path: readonly string[]) => string | undefined;
}

/** Reads a text file; throws where it cannot. */
export type ReadText = (path: string) => string;

const includesMax = 32;
const includeDepthMax = 8;

/** Reads `path` and what it includes (relative to the including file); throws {@linkcode ConfigError}. */
export function readHocon(
  path: string,
  env: Readonly<Record<string, string>>,
  read: ReadText,
  unset: UnsetVariables = "refused",
): HoconFile {
  const files = [path];
  const warnings: string[] = [];
  const parse = (text: string, file: string, prefix: readonly string[] | undefined, depth: number): RawObject =>
    parseHocon({
      text,
      file,
      prefix,
      include: (request) => include(request, file, depth),
      warn: (warning) => warnings.push(warning),
    });
  let includes = 0;
  const include = (request: IncludeRequest, file: string, depth: number): RawObject | undefined => {
    if (++includes > includesMax || depth >= includeDepthMax) {
      failAt(request.at, "files include each other endlessly", "remove the include");
    }
    const found = readIncluded(request, { path: pathBeside(file, request.name), files, warnings, read });
    const objects = found.map(({ path, text }) => parse(text, path, request.prefix, depth + 1));
    return objects.reduce<RawObject | undefined>((all, each) => {
      if (all !== undefined) mergeRaw(all, each);
      return all ?? each;
    }, undefined);
  };
  try {
    const raw = parse(readFirst(path, read), path, [], 0);
    const { root, envNames, warnings: more } = resolve(raw, env, unset);
    const isUnset = (name: string): boolean => envNames.includes(name) && (env[name] ?? "").trim() === "";
    return {
      root,
      files,
      envNames,
      warnings: [...warnings, ...more],
      unsetVariable: (path) => unsetVariableAt(raw, path, isUnset),
    };
  } catch (error) {
    if (error instanceof ConfigError) error.warnings = warnings;
    throw error;
  }
}

/** `name` as seen from the folder of `file`. */
export function pathBeside(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}

/** Why a file could not be read, in a few words, without its contents. */
export function reasonOf(error: unknown): string {
  if (isNotFound(error)) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof Deno.errors.NotCapable) return "this program was started without permission to read it";
  if (error instanceof Error && /is a directory|os error 21/i.test(error.message)) return "it is a folder";
  return error instanceof Error ? error.name : "it cannot be read";
}

/** What to do about a file that could not be read; `otherwise` if it is not about permissions. */
export function hintOf(error: unknown, otherwise: string): string {
  if (error instanceof Deno.errors.PermissionDenied) {
    return "let the user that runs gocd-mesos read it and enter its folders (see chmod, chgrp), or run as its owner";
  }
  return error instanceof Deno.errors.NotCapable ? "compile or start the program again with this file" : otherwise;
}

/** Whether the error says that there is no such file. */
function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

function readFirst(path: string, read: ReadText): string {
  try {
    return read(path);
  } catch (error) {
    const code = isNotFound(error) ? "config-file-missing" : "config-file-unreadable";
    const message = `cannot read the configuration: ${reasonOf(error)}`;
    const hint = hintOf(
      error,
      "give the path of a framework.conf; `gocd-mesos example-config` prints one as a starting point",
    );
    throw new ConfigError({ code, key: "", file: path, message, hint });
  }
}

// Deep recursion is bounded by the readers; an earlier stack overflow must still be reported as such.
function resolve(...asked: Parameters<typeof resolveHocon>): ReturnType<typeof resolveHocon> {
  try {
    return resolveHocon(...asked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = "values are nested or refer to each other too deeply";
    throw new ConfigError({ code: "config-syntax", key: "", ...asked[0].at, message, hint: "write the values out" });
  }
}

interface FileText {
  readonly path: string;
  readonly text: string;
}

interface Included {
  readonly path: string;
  readonly files: string[];
  readonly warnings: string[];
  readonly read: ReadText;
}

/**
 * The files of an include. A name without one of HOCON's extensions means the file with `.json` and the one with
 * `.conf`, merged, the latter last (HOCON.md, "Include semantics: file formats and extensions"); if neither exists, the
 * file of exactly that name.
 */
function readIncluded(
  { at, required }: IncludeRequest,
  { path, files, warnings, read }: Included,
): readonly FileText[] {
  const readOne = (path: string): readonly FileText[] => {
    files.push(path);
    try {
      return [{ path, text: read(path) }];
    } catch (error) {
      if (isNotFound(error)) return [];
      return failAt(at, `cannot read the included file ${path}: ${reasonOf(error)}`, hintOf(error, "correct its name"));
    }
  };
  const warn = (what: string): void => void warnings.push(`${at.file}:${at.line}: ${what}`);
  const isWhole = /\.(conf|json|properties)$/.test(path);
  const named = isWhole ? [] : [".json", ".conf"].flatMap((end) => readOne(path + end));
  const found = named.length > 0 ? named : readOne(path);
  if (found.length > 0 && path.endsWith(".properties")) warn(`${path} is read as HOCON, not as a properties file`);
  if (!isWhole && isThere(`${path}.properties`, read)) {
    warn(`${path}.properties is not read because it is not HOCON: write it as ${path}.conf`);
  }
  if (found.length > 0) return found;
  if (required) failAt(at, `cannot read the included file ${path}: it does not exist`, "correct its name");
  warn(`the included file ${path} does not exist`);
  return [];
}

function isThere(path: string, read: ReadText): boolean {
  try {
    read(path);
    return true;
  } catch {
    return false;
  }
}
