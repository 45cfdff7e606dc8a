// Reads a HOCON file with its includes.

import { dirname, isAbsolute, join } from "node:path";
import { ConfigError, failAt } from "./config_error.ts";
import { putRaw, type RawObject } from "./hocon_raw.ts";
import { type ConfObject, resolveHocon } from "./hocon_resolve.ts";
import { type IncludeRequest, parseHocon } from "./hocon_syntax.ts";

/** What a file, its includes and the environment say together. */
export interface HoconFile {
  /** The object around all. */
  readonly root: ConfObject;
  /** All files that were read, the first one first. */
  readonly files: readonly string[];
  /** Names that the file looks for in the environment. */
  readonly envNames: readonly string[];
  /** Includes that were not there. */
  readonly warnings: readonly string[];
}

/** Reads a text file; throws where it cannot. */
export type ReadText = (path: string) => string;

const includesMax = 32;
const includeDepthMax = 8;

/** Reads `path` and what it includes (relative to the including file); throws {@linkcode ConfigError}. */
export function readHocon(path: string, env: Readonly<Record<string, string>>, read: ReadText): HoconFile {
  const files = [path];
  const warnings: string[] = [];
  const parse = (text: string, file: string, prefix: readonly string[], depth: number): RawObject =>
    parseHocon({
      text,
      file,
      prefix,
      include: (request) => include(request, file, depth),
      warn: (warning) => warnings.push(warning),
    });
  const include = (request: IncludeRequest, file: string, depth: number): RawObject | undefined => {
    if (files.length > includesMax || depth >= includeDepthMax) {
      failAt(request.at, "files include each other without end", "remove the include");
    }
    const found = readIncluded(request, pathBeside(file, request.name), read);
    if (found.length === 0) {
      const { at: { file: place, line } } = request;
      warnings.push(`${place}:${line}: the included file ${pathBeside(file, request.name)} is not there`);
    }
    files.push(...found.map(({ path }) => path));
    const objects = found.map(({ path, text }) => parse(text, path, request.prefix, depth + 1));
    const [first, ...others] = objects;
    for (const other of others) {
      for (const [key, value] of other.fields) {
        if (first) putRaw(first, [key], value);
      }
    }
    return first;
  };
  const { root, envNames } = resolve(parse(readFirst(path, read), path, [], 0), env);
  return { root, files, envNames, warnings };
}

/** `name` as seen from the folder of `file`. */
export function pathBeside(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}

/** Why a file could not be read, in a few words and without its content. */
export function reasonOf(error: unknown): string {
  if (isNotFound(error)) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "the system denies it to this user";
  if (error instanceof Deno.errors.NotCapable) return "this program was started without the right to read it";
  if (error instanceof Error && /is a directory|os error 21/i.test(error.message)) return "it is a folder";
  return error instanceof Error ? error.name : "it cannot be read";
}

/** Whether the error says that there is no such file. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

function readFirst(path: string, read: ReadText): string {
  try {
    return read(path);
  } catch (error) {
    const code = isNotFound(error) ? "config-file-missing" : "config-file-unreadable";
    const message = `cannot read the configuration: ${reasonOf(error)}`;
    const hint = "give the path of a framework.conf; framework.conf.example is one to copy";
    throw new ConfigError({ code, key: "", file: path, message, hint });
  }
}

// Deep recursion is bounded by the readers; a stack that ends earlier must still be told as what it is.
function resolve(root: RawObject, env: Readonly<Record<string, string>>): ReturnType<typeof resolveHocon> {
  try {
    return resolveHocon(root, env);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = "values are nested or refer to each other too deeply";
    throw new ConfigError({ code: "config-syntax", key: "", ...root.at, message, hint: "write the values out" });
  }
}

interface IncludedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files that an include means. A name without one of HOCON's extensions means the file with `.json` and the one with
 * `.conf`, merged, the latter last (HOCON.md, "Include semantics: file formats and extensions"); where neither is there,
 * the file of that very name.
 */
function readIncluded({ at, required }: IncludeRequest, target: string, read: ReadText): readonly IncludedFile[] {
  const readOne = (path: string): readonly IncludedFile[] => {
    try {
      return [{ path, text: read(path) }];
    } catch (error) {
      if (isNotFound(error)) return [];
      return failAt(at, `cannot read the included file ${path}: ${reasonOf(error)}`, "correct its name");
    }
  };
  const named = /\.(conf|json)$/.test(target) ? [] : [".json", ".conf"].flatMap((end) => readOne(target + end));
  const found = named.length > 0 ? named : readOne(target);
  if (found.length === 0 && required) {
    failAt(at, `cannot read the included file ${target}: it does not exist`, "correct its name");
  }
  return found;
}
