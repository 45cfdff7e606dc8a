// Where it is kept what webhooks were told: a small file beside the state, so that a restart tells nothing twice and
// forgets no end. What is lost with it is told again.

import type { Config } from "../config/config.ts";
import { stateFile } from "../config/state.ts";
import { messageOf } from "../errors.ts";
import { realStatePath } from "../store/state_path.ts";

/** What webhooks were told, as a text. */
export interface ToldFile {
  /** Nothing where there is none, or it cannot be read. */
  load(): string | undefined;
  /** Why it could not be written; nothing if it was. */
  save(text: string): string | undefined;
}

/**
 * The files of a configuration: the one that is kept, and its draft. None without webhooks, nor with a state in ZooKeeper,
 * whose instances tell each for itself. Throws a StoreError where the state cannot lie where the configuration says.
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

/** Keeps it in these files. */
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
