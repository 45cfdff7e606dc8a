// Asks the running instance on this machine. Not here: what it does with it (status_server.ts), finding it (control_file.ts).
// Called by the commands why, drain, teardown, freeze and resume.

import type { Config } from "../config/config.ts";
import type { StatusView } from "../core/view.ts";
import { OperatorError } from "../errors.ts";
import { type ControlFile, controlPath, readControlFile } from "./control_file.ts";

const answerMs = 10_000;
/** Of an answer that is shown. */
const messageCharactersMax = 300;

/** The running instance did not do what it was asked for. */
export class ControlError extends OperatorError {
  /** `message` says what it answered. */
  constructor(message: string, hint = "look at its log and its status page", cause?: unknown) {
    super(message, { code: "control-failed", kind: "unreachable", hint, cause });
    this.name = "ControlError";
  }
}

/**
 * The running instance, if there is one: its control file is there, its process lives and its page answers. A file that
 * a killed run has left counts as none. Throws {@linkcode ControlError} where it lives and does not answer.
 */
export async function findRunning(config: Config): Promise<ControlFile | undefined> {
  const file = readControlFile(controlPath(config));
  if (file === undefined || !isAlive(file.pid)) return undefined;
  const response = await ask(file, "health", {});
  await response?.body?.cancel();
  return response === undefined ? undefined : file;
}

/** The picture of the running instance; nothing where none runs. Throws {@linkcode ControlError}. */
export async function readRunningStatus(config: Config): Promise<StatusView | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const response = await ask(running, "api/status", { headers: authorization(config, running) });
  if (response?.ok === true) {
    const view = await response.json() as StatusView;
    if (view.leadership?.role === "standby") throw standbyError(running, view.leadership.leader);
    return view;
  }
  await response?.body?.cancel();
  throw new ControlError(
    `the running instance (process ${running.pid}) answered ${response?.status ?? "nothing"} on ${running.url}`,
  );
}

/** Gives a command to the running instance and returns what it says; nothing where none runs. Throws {@linkcode ControlError}. */
export async function sendCommand(
  config: Config,
  name: string,
  body: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const response = await ask(running, `api/commands/${name}`, {
    method: "POST",
    headers: { ...authorization(config, running), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response === undefined) throw new ControlError(`the running instance (process ${running.pid}) has just ended`);
  const message = messageOf(await response.text());
  if (response.ok) return message;
  if (response.status !== 401) throw new ControlError(`the running instance refused "${name}": ${message}`);
  throw new ControlError(
    `the running instance refused "${name}": ${message}`,
    "the instance was started with another http.admin-token: send it SIGHUP, or give it the same configuration",
  );
}

function authorization(config: Config, running: ControlFile): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${config.http.adminToken?.reveal() ?? running.token}` };
}

function standbyError({ pid }: ControlFile, leader: string | undefined): ControlError {
  return new ControlError(
    `the instance on this machine (process ${pid}) stands by; ${
      leader === undefined ? "no instance is known to lead" : `${leader} leads`
    }`,
    "run this command on the machine of the instance that leads, or look at its status page",
  );
}

/** An answer; nothing where nobody listens. */
async function ask(running: ControlFile, path: string, init: RequestInit): Promise<Response | undefined> {
  try {
    return await fetch(`${running.url}${path}`, {
      ...init,
      signal: AbortSignal.timeout(answerMs),
      redirect: "manual",
    });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw new ControlError(
      `the running instance (process ${running.pid}) gave no answer on ${running.url} within ${answerMs / 1000} s`,
      "look at its log; if it hangs, stop it and start it again: its agents go on running",
      error,
    );
  }
}

/** Whether a process lives, as far as that can be told: by /proc, so on Linux only. */
function isAlive(pid: number): boolean {
  if (Deno.build.os !== "linux") return true;
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "message" in value) {
      const hint = "hint" in value && value.hint !== "" ? ` (${String(value.hint)})` : "";
      return `${String(value.message)}${hint}`.slice(0, messageCharactersMax);
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  return text.slice(0, messageCharactersMax);
}
