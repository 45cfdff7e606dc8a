// The status page of a running program, and the file through which commands on this machine find it.

import { messageOf } from "../errors.ts";
import type { Config } from "../config/config.ts";
import type { OperatorEvent } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import { acceptedText } from "../core/words/commands.ts";
import { serverUrlText } from "../net/addresses.ts";
import { Secret } from "../secret.ts";
import { version } from "../version.ts";
import type { CommandAnswer, WebCommand } from "../web/commands.ts";
import type { Setup } from "../web/sections_setup.ts";
import type { PageLinks } from "../web/links.ts";
import { startWebServer } from "../web/server.ts";
import { realClock } from "./clock.ts";
import {
  configName,
  controlPath,
  newControlToken,
  removeControlFile,
  removeOwnControlFile,
  writeControlFile,
} from "./control_file.ts";
import type { Framework } from "./framework.ts";
import { rightsOf } from "./rights.ts";
import { sandboxOf } from "./permissions.ts";

/** A running status page, or a listener for commands only. */
export interface StatusServer {
  /** The URL of the page; nothing if it is off. */
  readonly url: string | undefined;
  close(): Promise<void>;
}

/** For commands on this machine, if there is no page. */
const loopback = { host: "127.0.0.1", port: 0 };

/**
 * Starts the page on `http.listen`, or if that is off, a listener on a free port of 127.0.0.1 that requires the token
 * of the control file; `latest`: the active configuration. Throws an OperatorError of kind `usage`.
 */
export function startStatusServer(
  config: Config,
  program: Framework,
  latest: () => Config = () => config,
): StatusServer {
  const { listen, adminToken } = config.http;
  const path = controlPath(config);
  if (listen === undefined && !mayListen()) {
    // A file left by a killed run would mislead commands.
    removeControlFile(path);
    program.tell(noControl("this process may not listen on 127.0.0.1", "restart it with `deno task start`"));
    return { url: undefined, close: () => Promise.resolve() };
  }
  const token = newControlToken();
  const server = startWebServer({
    listen: listen ?? loopback,
    ...(listen === undefined ? { isPrivate: true } : {}),
    ...(config.http.advertise === undefined ? {} : { advertise: config.http.advertise }),
    picture: () => program.picture(),
    ...(adminToken === undefined ? {} : { offersCommands: true }),
    commands: {
      // That of the control file first: commands on this machine do not depend on the other token.
      tokens: [new Secret("control file", () => token), ...adminToken === undefined ? [] : [adminToken]],
      onCommand: (command) => carryOut(program, command),
    },
    nowMs: () => realClock.nowMs(),
    version,
    sandbox: sandboxOf().mode,
    links: () => linksOf(latest()),
    setup: () => setupOf(latest()),
    ...(program.history === undefined ? {} : { history: program.history }),
    onError: (error) => program.tell(pageFailed(error)),
  });
  try {
    const name = configName(config.path);
    writeControlFile(path, { url: server.url, token, pid: Deno.pid, ...(name === undefined ? {} : { config: name }) });
  } catch (error) {
    const hint = "allow the user that runs gocd-mesos to write there, or send commands to the page (http.admin-token)";
    program.tell(
      noControl(`${path} cannot be written: ${messageOf(error)}`, hint),
    );
  }
  return {
    url: listen === undefined ? undefined : server.url,
    close: async () => {
      removeOwnControlFile(path);
      await server.close();
    },
  };
}

function linksOf({ gocd, mesos: { masters } }: Config): PageLinks {
  const isHttps = masters.kind === "static" && masters.addresses.some(({ scheme }) => scheme === "https");
  return { gocdUrl: serverUrlText(gocd.url), mesosScheme: isHttps ? "https" : "http" };
}

function setupOf(config: Config): Setup {
  // The configuration does not contain the real path of the state.
  const { gaps: _, ...rights } = rightsOf(config, (path) => path);
  return { rights: { ...rights }, entries: config.entries ?? [] };
}

function pageFailed(error: unknown): Note {
  const message = messageOf(error);
  return { kind: "page-failed", message, onceKey: message };
}

function mayListen(): boolean {
  return Deno.permissions.querySync({ name: "net", host: `${loopback.host}:${loopback.port}` }).state === "granted";
}

function noControl(why: string, hint: string): Note {
  return { kind: "no-control-file", why, hint };
}

async function carryOut(program: Framework, command: WebCommand): Promise<CommandAnswer> {
  const event = eventOf(command);
  const message = acceptedText(event, program.picture().view);
  const problem = await program.command(event);
  return problem === undefined ? { kind: "accepted", message } : { kind: "rejected", ...problem };
}

function eventOf(command: WebCommand): OperatorEvent {
  const of = "profile" in command && command.profile !== undefined ? { profile: command.profile } : {};
  switch (command.kind) {
    case "drain":
      return { kind: "drain-requested" };
    case "drain-profile":
      return { kind: "profile-drain-requested", profile: command.profile };
    case "drain-agent":
      return { kind: "agent-drain-requested", taskId: command.agent };
    case "freeze":
      return { kind: "launching-frozen", ...of };
    case "resume":
      return { kind: "launching-resumed", ...of };
    case "teardown":
      return { kind: "teardown-requested", mode: command.mode };
    case "canary":
      return { kind: "canary-requested", profile: command.profile };
    case "accept-loss":
      return { kind: "loss-accepted" };
    default:
      return command satisfies never;
  }
}
