// The status page over the life of a run: a new configuration may move it, or turn it off or on.

import type { Config } from "../config/config.ts";
import { isSame } from "./comparable.ts";
import { controlPath, removeOwnControlFile } from "./control_file.ts";
import type { Framework } from "./framework.ts";
import { startStatusServer, type StatusServer } from "./status_server.ts";

/** A status page that follows the configuration. */
export interface StatusPage {
  /** Its URL; nothing if it is off. */
  url(): string | undefined;
  /** Applies another configuration; returns the URL if it has moved. If that fails, the page stays where it was. */
  use(next: Config): Promise<string | undefined>;
  /** Removes the control file immediately, if the process ends without a close. */
  abandon(): void;
  close(): Promise<void>;
}

/** Opens the page on `http.listen`. Throws an OperatorError of kind `usage`. */
export function openStatusPage(first: Config, program: Framework): StatusPage {
  let current = first;
  let latest = first;
  const start = (config: Config): StatusServer => startStatusServer(config, program, () => latest);
  let server: StatusServer | undefined = start(first);
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const move = async (next: Config): Promise<string | undefined> => {
    latest = next;
    if (isClosed || isSame(current.http, next.http)) return undefined;
    const former = server;
    server = undefined;
    await former?.close();
    try {
      server = start(next);
      current = next;
      return server?.url;
    } catch (error) {
      server = start(current);
      throw error;
    }
  };

  const abandon = (): void => {
    removeOwnControlFile(controlPath(current));
  };

  return {
    url: () => server?.url,
    use: (next) => {
      const moved = last.catch(() => {}).then(() => move(next));
      last = moved;
      return moved;
    },
    abandon,
    close: async () => {
      isClosed = true;
      await last.catch(() => {});
      await server?.close();
    },
  };
}
