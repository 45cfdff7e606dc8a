// The status page of a running program, and the file by which commands on this machine find it. Not here: the page (web/).
// Started by status_page.ts and cli/demo.ts.

import type { Config } from "../config/config.ts";
import { Secret } from "../secret.ts";
import { version } from "../version.ts";
import type { CommandAnswer, WebCommand } from "../web/commands.ts";
import { startWebServer } from "../web/server.ts";
import { realClock } from "./clock.ts";
import { controlPath, newControlToken, removeControlFile, writeControlFile } from "./control_file.ts";
import type { Program } from "./program.ts";

/** A running status page. */
export interface StatusServer {
  /** Where it can be reached. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the page on `http.listen`; nothing where that is off. Throws an OperatorError of kind `usage`. */
export function startStatusServer(config: Config, program: Program): StatusServer | undefined {
  const { listen } = config.http;
  const path = controlPath(config);
  if (listen === undefined) {
    // One that a killed run has left would lead commands astray.
    if (path !== undefined) removeControlFile(path);
    return undefined;
  }
  const token = newControlToken();
  const server = startWebServer({
    listen,
    ...(config.http.advertise === undefined ? {} : { advertise: config.http.advertise }),
    view: () => program.view(),
    notes: () => program.notes(),
    metrics: () => ({
      view: program.view(),
      version,
      notesByCode: Object.fromEntries(program.noteCounts()),
      mesosCalls: Object.fromEntries(
        [...program.calls().all].filter(([call]) => !call.includes("gocd")).map((
          [call, count],
        ) => [call, count.ok + count.failed]),
      ),
      pollDuration: program.calls().pollDuration.snapshot(),
      residentBytes: Deno.memoryUsage().rss,
    }),
    commands: {
      adminToken: config.http.adminToken ?? new Secret("control file", () => token),
      onCommand: (command) => Promise.resolve(carryOut(program, command)),
    },
    nowMs: () => realClock.nowMs(),
    version,
    onError: (error) =>
      program.tell({
        level: "error",
        code: "page-failed",
        text: `an answer of the status page could not be made: ${
          error instanceof Error ? error.message : String(error)
        }`,
        hint: "this is a fault of gocd-mesos: please report it with this line",
        fields: {},
        onceKey: "page",
      }),
  });
  if (path !== undefined) writeControlFile(path, { url: server.url, token, pid: Deno.pid });
  return {
    url: server.url,
    close: async () => {
      if (path !== undefined) removeControlFile(path);
      await server.close();
    },
  };
}

function carryOut(program: Program, command: WebCommand): CommandAnswer {
  const refusal = program.refusal();
  if (refusal !== undefined) return { kind: "rejected", ...refusal };
  const profile = "profile" in command ? command.profile : undefined;
  const names = program.view().profiles.map((each) => each.name);
  if (profile !== undefined && !names.includes(profile)) {
    return { kind: "rejected", message: `there is no profile ${profile}`, hint: `profiles are: ${names.join(", ")}` };
  }
  const of = profile === undefined ? "" : ` of profile ${profile}`;
  switch (command.kind) {
    case "drain":
      program.post({ kind: "drain-requested" });
      return { kind: "accepted", message: "draining: nothing is launched, every agent goes when it is idle" };
    case "freeze":
      program.post({ kind: "launching-frozen", ...(profile === undefined ? {} : { profile }) });
      return { kind: "accepted", message: `launching${of} is frozen` };
    case "resume":
      program.post({ kind: "launching-resumed", ...(profile === undefined ? {} : { profile }) });
      return { kind: "accepted", message: `launching${of} goes on` };
    case "teardown":
      program.post({ kind: "teardown-requested", mode: command.mode });
      return {
        kind: "accepted",
        message: command.mode === "now"
          ? "tearing down now: every agent is stopped"
          : "tearing down: the framework is removed once every agent is drained",
      };
    default:
      return command satisfies never;
  }
}
