// Operator commands over HTTP: who may send them and what the responses say.

import * as v from "valibot";
import { wholeText } from "../net/body.ts";
import type { Secret } from "../secret.ts";
import { isOurOrigin } from "./access.ts";
import { jsonResponse, type Refusal, refusalResponse } from "./responses.ts";

/** A command of the operator. */
export type WebCommand =
  /** Stop launching, drain everything, keep running. */
  | { readonly kind: "drain" }
  /** Drain the agents of one profile, and launch none of it. */
  | { readonly kind: "drain-profile"; readonly profile: string }
  /** Drain one agent, by its task id. */
  | { readonly kind: "drain-agent"; readonly agent: string }
  /** Stop launching, of one profile or of all. */
  | { readonly kind: "freeze"; readonly profile?: string }
  /** Launch again, of one profile or of all; ends a drain as well. */
  | { readonly kind: "resume"; readonly profile?: string }
  /** Drain (or not), then remove the framework. */
  | { readonly kind: "teardown"; readonly mode: "drain" | "now" }
  /** Launch one agent of a profile, and remove it once it has registered. */
  | { readonly kind: "canary"; readonly profile: string }
  /** Treat agents that have vanished from a server as lost. */
  | { readonly kind: "accept-loss" };

/** The outcome of a command. */
export type CommandAnswer =
  | { readonly kind: "accepted"; readonly message: string }
  | { readonly kind: "rejected"; readonly code: string; readonly message: string; readonly hint: string };

/** What commands need; without a token they are disabled. */
export interface CommandOptions {
  /** Any of them will do: `http.admin-token`, and that of the control file. */
  readonly tokens: readonly Secret[];
  /** Executes a command, or returns why not. */
  readonly onCommand: (command: WebCommand) => Promise<CommandAnswer>;
}

/** What a request is checked against. */
export interface CommandContext {
  readonly host: string;
  /** Whether it has the token. */
  readonly isAuthorized: boolean;
}

/** Commands are short; a larger body is a bug or an attack. */
export const bodyBytesMax = 4_096;

const name = v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_-]{1,100}$/));
const profile = v.exactOptional(name);
const bodies = {
  drain: v.union([v.strictObject({}), v.strictObject({ profile: name }), v.strictObject({ agent: name })]),
  freeze: v.strictObject({ profile }),
  resume: v.strictObject({ profile }),
  teardown: v.strictObject({ mode: v.optional(v.picklist(["drain", "now"]), "drain") }),
  canary: v.strictObject({ profile: name }),
  "accept-loss": v.strictObject({}),
} as const;

/** The last part of the path of a command. */
export type CommandName = Exclude<WebCommand["kind"], "drain-profile" | "drain-agent">;

/** Handles one command. The method is already POST. */
export async function answerCommand(
  name: CommandName,
  request: Request,
  context: CommandContext,
  options: CommandOptions | undefined,
): Promise<Response> {
  const refusal = refusalOf(request, context, options);
  if (refusal !== undefined) return refusalResponse(refusal);
  if (options === undefined) return refusalResponse(switchedOff);
  const body = await wholeText(request.body, bodyBytesMax);
  if (body === undefined) return refusalResponse(tooLarge);
  const command = parseCommand(name, body);
  if ("status" in command) return refusalResponse(command);
  const answer = await options.onCommand(command);
  return jsonResponse(answer, answer.kind === "accepted" ? 202 : 409);
}

const switchedOff: Refusal = {
  status: 403,
  code: "commands-off",
  message: "commands are disabled",
  hint: "set http.admin-token in framework.conf and restart",
};

function refusalOf(
  request: Request,
  context: CommandContext,
  options: CommandOptions | undefined,
): Refusal | undefined {
  if (options === undefined) return switchedOff;
  if (!isOurOrigin(request.headers.get("origin"), context.host)) {
    return {
      status: 403,
      code: "foreign-origin",
      message: "commands from pages of other sites are not allowed",
      hint: "use curl, or a page of this host",
    };
  }
  if (context.isAuthorized) return undefined;
  return {
    status: 401,
    code: "not-authorized",
    message: "the admin token is missing or wrong",
    hint: "send 'Authorization: Bearer TOKEN' with the value of http.admin-token",
    headers: { "WWW-Authenticate": 'Bearer realm="gocd-mesos"' },
  };
}

/** The response to a client that sends too many requests. */
export const tooMany: Refusal = {
  status: 429,
  code: "too-many-requests",
  message: "too many requests from this address",
  hint: "wait a few seconds",
  headers: { "Retry-After": "5" },
};

function parseCommand(command: CommandName, body: string): WebCommand | Refusal {
  let value: unknown = {};
  try {
    if (body.trim() !== "") value = JSON.parse(body);
  } catch {
    return invalid("the body is not JSON");
  }
  if (Array.isArray(value)) return invalid("the body is a list");
  switch (command) {
    case "accept-loss": {
      const read = v.safeParse(bodies[command], value);
      return read.success ? { kind: command } : invalid(read.issues[0].message);
    }
    case "canary": {
      const read = v.safeParse(bodies.canary, value);
      return read.success ? { kind: command, profile: read.output.profile } : invalid(read.issues[0].message);
    }
    case "drain": {
      const read = v.safeParse(bodies.drain, value);
      if (!read.success) return invalid(read.issues[0].message);
      if ("profile" in read.output) return { kind: "drain-profile", profile: read.output.profile };
      return "agent" in read.output ? { kind: "drain-agent", agent: read.output.agent } : { kind: command };
    }
    case "freeze":
    case "resume": {
      const read = v.safeParse(bodies[command], value);
      return read.success ? { kind: command, ...read.output } : invalid(read.issues[0].message);
    }
    case "teardown": {
      const read = v.safeParse(bodies.teardown, value);
      return read.success ? { kind: command, mode: read.output.mode } : invalid(read.issues[0].message);
    }
    default:
      return command satisfies never;
  }
}

function invalid(reason: string): Refusal {
  return {
    status: 400,
    code: "bad-command",
    message: `the command is not valid: ${reason.slice(0, 200)}`,
    hint:
      'send {} or nothing; {"profile": "NAME"} for freeze, resume, drain and canary; {"agent": "TASK"} for drain; ' +
      '{"mode": "drain"} or {"mode": "now"} for teardown',
  };
}

/** The response to an invalid command. */
export const tooLarge: Refusal = {
  status: 413,
  code: "too-large",
  message: `the body has more than ${bodyBytesMax} bytes`,
  hint: "a command is only a few words long",
};
