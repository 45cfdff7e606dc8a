// How a command finds the running instance: a file next to the state with the address of its status page and a token
// that only the owner can read.

import { basename, dirname, join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { stateFile } from "../config/state.ts";
import { OperatorError } from "../errors.ts";
import { ownUid } from "../store/state_path.ts";

/** The content of the file. */
export interface ControlFile {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** The result of {@linkcode configName} for the configuration of the instance; absent: not known. */
  readonly config?: string;
}

/** Maximum size; a larger file is not ours. */
const bytesMax = 8_192;

/** Next to the state file, or next to the configuration if the state is not a file. */
export function controlPath({ state, path }: Pick<Config, "state" | "path">): string {
  return `${stateFile(state) ?? path}.control`;
}

/**
 * The canonical name of a configuration file; nothing if its folder cannot be found. The file itself may be a link,
 * which is not followed because its target may change; neither are links in a folder that may not be read.
 */
export function configName(path: string): string | undefined {
  try {
    return join(Deno.realPathSync(dirname(path)), basename(path));
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? resolve(path) : undefined;
  }
}

/** Writes the file, readable by its owner only. */
export function writeControlFile(path: string, file: ControlFile): void {
  removeControlFile(path);
  Deno.writeTextFileSync(path, JSON.stringify(file), { mode: 0o600, createNew: true });
}

/**
 * Reads the file; nothing if it does not exist or is invalid. Throws an OperatorError if it may not be read, or if
 * others than the user of the instance may have written it: what it locates is trusted to be the instance.
 */
export function readControlFile(path: string): ControlFile | undefined {
  try {
    // We never write a link or a pipe, and reading a pipe would block.
    const isFile = Deno.lstatSync(path).isFile;
    using file = isFile ? Deno.openSync(path) : undefined;
    const why = file === undefined ? "it is not a file" : mistrust(path, file.statSync());
    if (why !== undefined || file === undefined) {
      throw controlError(
        `${path}, which locates the running instance, is not believed: ${why}`,
        "remove the file and start the instance again, or run this command as the user that gocd-mesos runs as",
      );
    }
    const bytes = new Uint8Array(bytesMax);
    return parse(new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable)) throw error;
    throw controlError(
      `${path}, which locates the running instance, may not be read`,
      "run this command as the user that gocd-mesos runs as",
      error,
    );
  }
}

function controlError(message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError(message, { code: "control-file-unreadable", kind: "state", hint, cause });
}

function parse(text: string): ControlFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { url, token, pid, config } = value as Record<string, unknown>;
    if (!isPageUrl(url) || !isToken(token) || !isPid(pid)) return undefined;
    return { url, token, pid, ...(typeof config === "string" ? { config } : {}) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Why a control file may belong to another user. On Windows only the permissions of its folder are known. */
function mistrust(path: string, { mode, uid }: Deno.FileInfo): string | undefined {
  if (Deno.build.os === "windows") return undefined;
  if (((mode ?? 0) & 0o022) !== 0) return "others than its owner may write it";
  // The second case is root that sends commands to the instance of another user.
  return uid === ownUid() || uid === Deno.statSync(dirname(path)).uid
    ? undefined
    : `it belongs to another user (uid ${uid})`;
}

/** Removes the file, if it is there and still that of this process. */
export function removeOwnControlFile(path: string): void {
  try {
    if (parse(Deno.readTextFileSync(path))?.pid === Deno.pid) removeControlFile(path);
  } catch (error) {
    // Not ours: it is gone, or cannot be read.
    const { NotFound, PermissionDenied, NotCapable } = Deno.errors;
    if (![NotFound, PermissionDenied, NotCapable].some((kind) => error instanceof kind)) throw error;
  }
}

function isPageUrl(value: unknown): value is string {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(value);
  return protocol === "http:" && pathname === "/" && `${username}${password}${search}${hash}` === "";
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,1000}$/.test(value);
}

function isPid(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Removes the file, if it exists. */
export function removeControlFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** 32 random bytes as text. */
export function newControlToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
