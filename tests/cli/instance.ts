// An instance that commands find through their configuration: the listener of a picture, and its control file.

import type { HistoryReader } from "../../src/core/view/history.ts";
import type { Picture } from "../../src/core/view/picture.ts";
import { writeControlFile } from "../../src/runtime/control_file.ts";
import { Secret } from "../../src/secret.ts";
import { startWebServer, type WebServer } from "../../src/web/server.ts";
import { sampleOptions } from "../support/web_options.ts";
import { confFolder } from "./support.ts";

/** What tests need of a picture. */
export type LookAt = () => Picture;

/** A folder with a configuration, and an instance that may be started and ended. */
export interface FoundInstance {
  readonly conf: string;
  /** Starts it, or another one in its place, with a history if one is given. */
  start(look: LookAt, history?: HistoryReader): Promise<void>;
  /** Ends it as a kill would. */
  end(): Promise<void>;
}

const token = "of-the-control-file";
const text =
  `gocd-mesos { mesos-master = "m:5050", go-server { host = g, port = 8153 }, go-agent.docker-image = "a:1" }`;

/** Calls with a configuration whose instance has not been started. */
export async function withInstance(act: (instance: FoundInstance) => Promise<void>): Promise<void> {
  const folder = confFolder(text);
  let server: WebServer | undefined;
  const end = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  const start = async (look: LookAt, history?: HistoryReader): Promise<void> => {
    await end();
    const onCommand = (): Promise<never> => Promise.reject(new Error("no command is expected"));
    const kept = history === undefined ? {} : { history };
    const commands = { tokens: [new Secret("t", () => token)], onCommand };
    server = startWebServer(sampleOptions({ picture: look, isPrivate: true, commands, ...kept }));
    writeControlFile(`${folder.path}/gocd-mesos.db.control`, { url: server.url, token, pid: Deno.pid });
  };
  try {
    await act({ conf: folder.conf, start, end });
  } finally {
    await end();
    folder.remove();
  }
}
