// Resolves the real path and the owner of the state file: follows links, and reports what cannot be a state file.

import { dirname } from "node:path";
import { exists } from "../sqlite/file.ts";
import { guarded } from "./sqlite_errors.ts";
import { StoreError } from "./store_error.ts";

/**
 * The target of links, so that two names of one file share one lock; it does not have to exist yet. Throws {@linkcode
 * StoreError}: its folder is missing, a link is broken, or a folder is used as a file or vice versa.
 */
export function realStatePath(path: string): string {
  return guarded("find", path, () => {
    try {
      if (!Deno.statSync(path).isDirectory) return Deno.realPathSync(path);
    } catch (cause) {
      const { folder, name } = splitPath(path);
      if (!isDeadEnd(cause)) throw cause;
      if (cause instanceof Deno.errors.NotFound && !isDeadLink(path) && isFolder(folder)) {
        return `${Deno.realPathSync(folder)}/${name}`;
      }
      throw obstacle(path, cause);
    }
    throw new StoreError("state-path-unusable", {
      message: `state.path: ${path} is a folder`,
      hint: `name a file: state.path = "${path.replace(/\/+$/, "")}/gocd-mesos.db"`,
    });
  });
}

/**
 * Every file that the program may write for a state file: that file, its log, lock and temporary file, and what `check`
 * creates.
 */
export function stateFiles(path: string): readonly string[] {
  return ["", "-wal", "-shm", "-journal", "-lock", "-check", ".new", ".new-journal"].map((end) => `${path}${end}`);
}

/** Whether there is a state file. Throws {@linkcode StoreError} if the path cannot be that of one. */
export function isStateFile(path: string): boolean {
  try {
    return exists(realStatePath(path));
  } catch (error) {
    if (error instanceof StoreError && error.code === "state-folder-missing") return false;
    throw error;
  }
}

/** Permissions of our files: anyone who can read a lock can hold it, and block every start. */
const ownerOnly = 0o600;

/** Creates an empty file for its owner only if missing, and revokes the permissions of others on one that we own. */
export function makePrivate(path: string): void {
  if (Deno.build.os === "windows") return;
  if (!exists(path)) {
    Deno.openSync(path, { write: true, create: true, mode: ownerOnly }).close();
    giveToFolderOwner(path);
  }
  const { mode } = Deno.statSync(path);
  if (((mode ?? 0) & 0o077) === 0) return;
  try {
    Deno.chmodSync(path, (mode ?? 0) & ownerOnly);
  } catch (cause) {
    // A file of another owner that the operator lets us share.
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
  }
}

/** A file created by root is given to the owner of the folder, who runs gocd-mesos and could not open it otherwise. */
function giveToFolderOwner(path: string): void {
  const { uid, gid } = Deno.statSync(dirname(path));
  if (uid === null || uid === Deno.statSync(path).uid) return;
  try {
    Deno.chownSync(path, uid, gid);
  } catch {
    // Only root may; and if the folder belongs to another user, gocd-mesos has access through its group.
  }
}

/** The user of this process, if it may be queried. */
export function ownUid(): number | undefined {
  const isGranted = Deno.permissions.querySync({ name: "sys", kind: "uid" }).state === "granted";
  return isGranted ? Deno.uid() ?? undefined : undefined;
}

/**
 * Throws {@linkcode StoreError} `state-of-another-user` if a command of this user would create a state file that the
 * owner of the folder, who probably runs gocd-mesos, could not open.
 */
export function refuseForeignState(path: string, uid: number | undefined = ownUid()): void {
  if (uid === undefined || uid === 0 || isStateFile(path)) return;
  const folder = dirname(realStatePath(path));
  const owner = Deno.statSync(folder).uid;
  if (owner === null || owner === uid) return;
  throw new StoreError("state-of-another-user", {
    message: `there is no state file ${path} yet, and its folder belongs to another user (uid ${owner})`,
    hint: "run this command as the user that gocd-mesos runs as, or start gocd-mesos first",
  });
}

/** What prevents the path from being a file: the last existing part of it. */
function obstacle(path: string, cause: unknown): StoreError {
  let at = path;
  while (!isThere(at) && dirname(at) !== at) at = dirname(at);
  if (isDeadLink(at)) {
    return new StoreError("state-path-unusable", {
      message: `state.path: ${at} is a link to ${Deno.readLinkSync(at)}, which cannot be resolved`,
      hint: "mount or create its target (a new state has no agents of the old one), or change state.path",
      cause,
    });
  }
  if (isFolder(at)) {
    return new StoreError("state-folder-missing", {
      message: `the folder ${splitPath(path).folder} of the state file ${path} does not exist`,
      hint: "create the folder, or change state.path",
      cause,
    });
  }
  return new StoreError("state-path-unusable", {
    message: `state.path: ${path} is below ${at}, which is not a folder`,
    hint: "change state.path to a file in a folder",
    cause,
  });
}

/** Whether the name itself exists; an inaccessible part counts as a folder. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (cause) {
    return !isDeadEnd(cause);
  }
}

function isDeadLink(path: string): boolean {
  try {
    if (!Deno.lstatSync(path).isSymlink) return false;
    Deno.statSync(path);
    return false;
  } catch (cause) {
    return isDeadEnd(cause) && isThere(path);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (cause) {
    return !isDeadEnd(cause);
  }
}

/** Nothing exists, a part of the path is not a folder, or links form a loop. */
function isDeadEnd(cause: unknown): boolean {
  return cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory ||
    cause instanceof Deno.errors.FilesystemLoop;
}

function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const cut = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  if (cut < 0) return { folder: ".", name: path };
  return { folder: cut === 0 ? "/" : path.slice(0, cut), name: path.slice(cut + 1) };
}
