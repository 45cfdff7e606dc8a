// A request to the agents API after authentication, and its simple responses.

import { accessTexts, type Caller } from "./access.ts";
import { vendorType } from "./accept.ts";
import type { AgentWriting } from "./bodies.ts";
import { answer, jsonMessage, jsonText, type SimRequest, type SimResponse } from "./http_message.ts";
import type { GocdWorld } from "./state.ts";

/** A request to the agents API after authentication. */
export interface AgentsCall {
  /** The server. */
  readonly world: GocdWorld;
  /** The request as received. */
  readonly request: SimRequest;
  readonly caller: Caller;
  /** The uuid in the path; undefined for the collection. */
  readonly uuid: string | undefined;
  /** `kill_running_tasks`, `enable`, … behind the uuid. */
  readonly action: string | undefined;
  /** How agents are represented for this caller. */
  readonly writing: AgentWriting;
}

/** The media type of the response, including errors. */
export function contentType(call: AgentsCall): string {
  const { shape } = call.writing;
  if (shape === "legacy") return "application/json; charset=utf-8";
  return vendorType(shape);
}

/** The response for an unknown uuid; its message was introduced with the database (19.9). */
export function notFound(call: AgentsCall, uuid: string): SimResponse {
  const message = call.world.rules.agentsInDatabase
    ? `Agent with uuid '${uuid}' was not found!`
    : accessTexts.notFoundOrNotAllowed;
  return jsonMessage(404, contentType(call), message);
}

/** A response of the form `{message}` in the requested media type. */
export function messageAnswer(call: AgentsCall, status: number, message: string): SimResponse {
  return jsonMessage(status, contentType(call), message);
}

/** A JSON response in the requested media type. */
export function jsonAnswer(call: AgentsCall, status: number, value: unknown): SimResponse {
  return answer(status, contentType(call), jsonText(value));
}
