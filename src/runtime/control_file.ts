// How a command finds the running instance: a file beside the state with the address of its status page and a token
// that only the owner can read.

import type { Config } from "../config/config.ts";
import { stateFile } from "../config/state.ts";
import { OperatorError } from "../errors.ts";

/** What the file says. */
export interface ControlFile {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}

/** Beside the state file, or beside the configuration if the state is not a file. */
export function controlPath({ state, path }: Pick<Config, "state" | "path">): string {
  return `${stateFile(state) ?? path}.control`;
}

/** Writes the file, readable by its owner only. */
export function writeControlFile(path: string, file: ControlFile): void {
  removeControlFile(path);
  Deno.writeTextFileSync(path, JSON.stringify(file), { mode: 0o600, createNew: true });
}

/** Reads the file; nothing if it does not exist or is invalid. Throws an OperatorError if it may not be read. */
export function readControlFile(path: string): ControlFile | undefined {
  try {
    const value: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (typeof value !== "object" || value === null) return undefined;
    const { url, token, pid } = value as Record<string, unknown>;
    if (!isPageUrl(url) || !isToken(token) || !isPid(pid)) return undefined;
    return { url, token, pid };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    if (!(error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable)) throw error;
    throw new OperatorError(`${path}, which locates the running instance, may not be read`, {
      code: "control-file-unreadable",
      kind: "state",
      hint: "run this command as the user that gocd-mesos runs as",
      cause: error,
    });
  }
}

/** Removes the file, if it exists and still belongs to this process. */
export function removeOwnControlFile(path: string): void {
  if (readControlFile(path)?.pid === Deno.pid) removeControlFile(path);
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
