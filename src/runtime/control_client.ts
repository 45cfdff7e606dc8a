// Sends requests to the instance running on this machine.

import type { Config } from "../config/config.ts";
import { pathBeside } from "../config/hocon.ts";
import { type StateConfig, unknownZookeeper } from "../config/state.ts";
import type { StatusView } from "../core/view/view.ts";
import { OperatorError } from "../errors.ts";
import { wholeText } from "../net/body.ts";
import { directClient } from "../net/http_client.ts";
import { networkFailure } from "../net/network_failure.ts";
import { configName, type ControlFile, controlPath, readControlFile } from "./control_file.ts";

const answerMs = 10_000;
/** The picture of 2,000 agents and as many jobs is a few MB. */
const answerBytesMax = 256 * 1024 * 1024;
/** Maximum number of characters of a response that are shown. */
const messageCharactersMax = 300;

/** What locates the instance of a configuration. */
export type Instance = Pick<Config, "state" | "path">;

/** The running instance did not do what was requested. */
class ControlError extends OperatorError {
  /** `message` is its response; `unreachable` includes invalid responses. */
  constructor(
    message: string,
    hint = "see its log and its status page",
    { kind = "unreachable", cause }: { readonly kind?: "unreachable" | "refused" | "usage"; readonly cause?: unknown } =
      {},
  ) {
    super(message, { code: "control-failed", kind, hint, cause });
    this.name = "ControlError";
  }
}

/**
 * The running instance, if there is one: its control file exists, its process is alive and its page responds. A file
 * left by a killed run is ignored. Throws {@linkcode ControlError} if it is alive and does not respond.
 */
async function findRunning(config: Instance): Promise<ControlFile | undefined> {
  const file = readControlFile(controlPath(config));
  if (file === undefined || !isAlive(file.pid)) return undefined;
  return await ask(file, "health", {}) === undefined ? undefined : file;
}

/** Maximum number of values of a configuration that are tried as paths. */
const valuesMax = 1_000;

/**
 * The state of the instance that runs with a configuration that can no longer be parsed; nothing if none is found. It
 * is searched next to each file that the text may name, and must itself name the configuration.
 */
export function runningStateOf(path: string, text: string, byDefault: StateConfig): StateConfig | undefined {
  const values = [...text.matchAll(/"([^"\n]+)"|[=:]\s*([^\s",{}[\]]+)/g)].slice(0, valuesMax);
  const files = values.map(([, quoted, bare]) =>
    ({ kind: "sqlite", path: pathBeside(path, quoted ?? bare ?? "") }) as const
  );
  return [byDefault, unknownZookeeper, ...files].find((state) => {
    try {
      const file = readControlFile(controlPath({ state, path }));
      return file?.config !== undefined && file.config === configName(path) && isAlive(file.pid);
    } catch {
      // A value that is not a path, or a file of another user.
      return false;
    }
  });
}

/** An instance that runs on this machine. */
export interface RunningInstance extends Pick<ControlFile, "pid" | "url"> {
  readonly view: StatusView;
}

/** The running instance, standby or not; nothing if none runs. Throws {@linkcode ControlError}. */
export async function readRunning(config: Instance): Promise<RunningInstance | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const answer = await ask(running, "api/status", { headers: authorization(running) });
  if (answer !== undefined && isGood(answer)) return { ...running, view: JSON.parse(answer.text) as StatusView };
  throw new ControlError(
    `the running instance (process ${running.pid}) answered ${answer?.status ?? "nothing"} on ${running.url}`,
  );
}

/**
 * The response of the running instance for a path of /api/v1, which must be of this version; nothing if none runs.
 * Throws {@linkcode ControlError}.
 */
export async function readApi(config: Instance, path: string): Promise<unknown> {
  const running = await findRunning(config);
  const answer = running === undefined
    ? undefined
    : await ask(running, `api/v1/${path}`, { headers: authorization(running) });
  if (running === undefined || answer === undefined) return undefined;
  if (isGood(answer)) return JSON.parse(answer.text);
  const who = `the running instance (process ${running.pid})`;
  if (answer.status === 404 && answer.text.includes('"code":"not-found"')) {
    throw new ControlError(
      `${who} does not support this request: it has another version`,
      "restart it: agents keep running",
    );
  }
  const said = saidBy(answer.text);
  if (answer.status === 404 && said.code === "no-picture") {
    throw new ControlError(said.message, said.hint, { kind: "usage" });
  }
  const isStandby = answer.text.includes('"code":"standby"');
  throw new ControlError(
    `${who} refused to answer: ${said.message}`,
    isStandby ? "run this command on the machine of the leader, or see its status page" : said.hint,
    { kind: isStandby ? "refused" : "unreachable" },
  );
}

/**
 * The response of the running instance for this health path: whether it is healthy, and the text; nothing if none is
 * running.
 */
export async function readHealth(
  config: Instance,
  path: "health" | "health/live" | "health/ready",
): Promise<{ readonly isGood: boolean; readonly text: string } | undefined> {
  const running = await findRunning(config);
  const answer = running === undefined ? undefined : await ask(running, path, {});
  return answer === undefined ? undefined : { isGood: isGood(answer), text: answer.text };
}

/**
 * The picture of the running instance; nothing if none is running. Throws {@linkcode ControlError}, even if it is on
 * standby.
 */
export async function readRunningStatus(config: Instance): Promise<StatusView | undefined> {
  const running = await readRunning(config);
  if (running?.view.leadership?.role === "standby") throw standbyError(running, running.view.leadership.leader);
  return running?.view;
}

/**
 * Sends a command to the running instance and returns its response; nothing if none runs. Throws {@linkcode
 * ControlError}.
 */
export async function sendCommand(
  config: Instance,
  name: string,
  body: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const answer = await ask(running, `api/commands/${name}`, {
    method: "POST",
    headers: { ...authorization(running), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer === undefined) throw new ControlError(`the running instance (process ${running.pid}) has just ended`);
  const { message, code, hint } = saidBy(answer.text);
  if (isGood(answer)) return message;
  const kind = code === "profile-unknown" || code === "agent-unknown"
    ? "usage"
    : answer.status < 500
    ? "refused"
    : "unreachable";
  throw new ControlError(`the running instance refused "${name}": ${message}`, hint, { kind });
}

function authorization({ token }: ControlFile): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

function standbyError({ pid }: RunningInstance, leader: string | undefined): ControlError {
  return new ControlError(
    `the instance on this machine (process ${pid}) is on standby; ${
      leader === undefined ? "no leader is known" : `${leader} leads`
    }`,
    "run this command on the machine of the leader, or see its status page",
    { kind: "refused" },
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/**
 * A response; nothing if there is no listener. A page that is closing, or too busy, may break a connection: the request
 * is then repeated once before it is an error. Proxies are bypassed: they would see the token.
 */
async function ask(running: ControlFile, path: string, request: RequestInit): Promise<Answer | undefined> {
  requireRights(running.url);
  const first = await askOnce(running, path, request);
  const isAgain = first === "broken" && request.method === undefined;
  const answer = isAgain ? await askOnce(running, path, request) : first;
  if (answer !== "broken") return answer;
  throw new ControlError(
    `the running instance (process ${running.pid}) closed the connection to ${running.url} without a response`,
    isAgain ? "see its log, and repeat the command" : "it may have obeyed: see its log and its status page",
  );
}

async function askOnce(
  running: ControlFile,
  path: string,
  request: RequestInit,
): Promise<Answer | "broken" | undefined> {
  const limit = AbortSignal.timeout(answerMs);
  const client = directClient(new URL(running.url).hostname);
  try {
    const response = await fetch(`${running.url}${path}`, { ...request, redirect: "manual", signal: limit, client });
    const text = await wholeText(response.body, answerBytesMax);
    return text === undefined ? undefined : { status: response.status, text };
  } catch (error) {
    if (!limit.aborted) {
      return networkFailure(error, "").kind === "refused" || !isAlive(running.pid) ? undefined : "broken";
    }
    throw new ControlError(
      `the running instance (process ${running.pid}) gave no answer on ${running.url} within ${answerMs / 1000} s`,
      "see its log; if it hangs, restart it: its agents keep running",
      { cause: error },
    );
  } finally {
    client.close();
  }
}

/** Without this check, an instance that this process may not connect to would count as none. */
function requireRights(url: string): void {
  const { hostname, port } = new URL(url);
  const host = `${hostname}:${port === "" ? 80 : port}`;
  const rights: readonly (readonly [Deno.PermissionDescriptor, flag: string])[] = [
    [{ name: "net", host }, `--allow-net=${host}`],
    [{ name: "env", variable: "NO_PROXY" }, "--allow-env=NO_PROXY"],
  ];
  for (const [right, flag] of rights) {
    if (Deno.permissions.querySync(right).state === "granted") continue;
    throw new ControlError(
      `the running instance listens on ${url}, and this process may not connect there`,
      `run it with ${flag}, or a binary that was compiled with this configuration`,
    );
  }
}

/** Whether a process is alive, by /proc, so on Linux only. */
function isAlive(pid: number): boolean {
  if (Deno.build.os !== "linux") return true;
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** The message of a response, its code, and its hint. */
function saidBy(text: string): { readonly message: string; readonly code?: string; readonly hint?: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "message" in value) {
      const message = String(value.message).slice(0, messageCharactersMax);
      const hasHint = "hint" in value && typeof value.hint === "string" && value.hint !== "";
      return {
        message,
        ...("code" in value ? { code: String(value.code) } : {}),
        ...(hasHint ? { hint: String(value.hint).slice(0, messageCharactersMax) } : {}),
      };
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  return { message: text.slice(0, messageCharactersMax) };
}
