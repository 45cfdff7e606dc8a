// Stores sent webhook notifications in a small file next to the state, so that after a restart nothing is sent twice
// and no end is lost. If the file is lost, they are sent again.

import type { Config } from "../config/config.ts";
import { stateFile } from "../config/state.ts";
import { messageOf } from "../errors.ts";
import { realStatePath } from "../store/state_path.ts";

/** The sent notifications, as a text. */
export interface ToldFile {
  /** Nothing if there is none, or it cannot be read. */
  load(): string | undefined;
  /** Why it could not be written; nothing on success. */
  save(text: string): string | undefined;
}

/**
 * The files of a configuration: the file and its temporary file. None without webhooks, nor with a state in ZooKeeper,
 * whose instances each send their own. Throws a StoreError if the state cannot be at the configured place.
 */
export function toldPaths(
  { notify, state }: Pick<Config, "notify" | "state">,
  realPath: (path: string) => string = realStatePath,
): readonly [kept: string, draft: string] | undefined {
  const file = stateFile(state);
  if (file === undefined || notify.webhooks.length === 0) return undefined;
  const kept = `${realPath(file)}-told`;
  return [kept, `${kept}-draft`];
}

/** Stores it in these files. */
export function openToldFile([kept, draft]: readonly [kept: string, draft: string]): ToldFile {
  return {
    load: () => {
      try {
        return Deno.readTextFileSync(kept);
      } catch {
        return undefined;
      }
    },
    save: (text) => {
      try {
        Deno.writeTextFileSync(draft, text, { mode: 0o600 });
        Deno.renameSync(draft, kept);
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
  };
}
