// Asks the running instance on this machine. Not here: what it does with it (status_server.ts), finding it (control_file.ts).
// Called by the commands why, drain, teardown, freeze, resume and state.

import type { Config } from "../config/config.ts";
import type { StatusView } from "../core/view.ts";
import { OperatorError } from "../errors.ts";
import { type ControlFile, controlPath, readControlFile } from "./control_file.ts";

const answerMs = 10_000;

/** The running instance, if there is one: its control file is there and its page answers. */
export async function findRunning(config: Config): Promise<ControlFile | undefined> {
  const path = controlPath(config);
  const file = path === undefined ? undefined : readControlFile(path);
  if (file === undefined) return undefined;
  try {
    const response = await fetch(`${file.url}health`, { signal: AbortSignal.timeout(answerMs), redirect: "manual" });
    await response.body?.cancel();
    return file;
  } catch (error) {
    // A file left by a run that was killed: nobody listens there any more.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The picture of the running instance; nothing where none runs. */
export async function readRunningStatus(config: Config): Promise<StatusView | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const response = await fetch(`${running.url}api/status`, {
    signal: AbortSignal.timeout(answerMs),
    redirect: "manual",
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ControlError(
      `the running instance (process ${running.pid}) answered ${response.status} on ${running.url}`,
    );
  }
  return await response.json() as StatusView;
}

/** Gives a command to the running instance and returns what it says; nothing where none runs. */
export async function sendCommand(
  config: Config,
  name: string,
  body: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const token = config.http.adminToken?.reveal() ?? running.token;
  const response = await fetch(`${running.url}api/commands/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerMs),
    redirect: "manual",
  });
  const text = await response.text();
  const message = messageOf(text);
  if (!response.ok) throw new ControlError(`the running instance refused ${name}: ${message}`);
  return message;
}

/** The running instance did not do what it was asked for. */
export class ControlError extends OperatorError {
  /** `message` says what it answered. */
  constructor(message: string) {
    super(message, {
      code: "control-refused",
      kind: "refused",
      hint: "see its log; is this the configuration it runs with?",
    });
    this.name = "ControlError";
  }
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "message" in value) return String(value.message);
  } catch {
    // Not JSON: the text itself is the message.
  }
  return text.slice(0, 200);
}
