// Checks of the master before it handles a call: method, media types, authentication, missing fields, stream ids.

import { at, has, listAt, type Plain, plainOf, textAt } from "./json.ts";
import type { SimFramework, SimWorld } from "./state.ts";

/** One HTTP request to a master, with decoded body. */
export interface SimMesosRequest {
  /** The target master; default: the leader, or the first. */
  readonly master?: number;
  /** The HTTP method. */
  readonly method: string;
  /** With query; default `/api/v1/scheduler`. */
  readonly path?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The call as a JSON object, or why the body is invalid. */
  readonly call: Plain | { readonly unreadable: string };
}

/** The response of a master. */
export interface SimMesosAnswer {
  /** 0: the connection broke without a response (dead master, lost message). */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Plain text; empty with 202 and 307, and if a stream follows. */
  readonly body: string;
  /** The stream, if the response starts one: read it with `advance`. */
  readonly subscriptionId?: number;
}

const plainText = { "content-type": "text/plain; charset=utf-8" };

/** An error with its text. */
export function refusal(status: number, body: string, headers: Readonly<Record<string, string>> = {}): SimMesosAnswer {
  return { status, headers: { ...headers, ...plainText }, body };
}

/** No response. */
export const noAnswer: SimMesosAnswer = { status: 0, headers: {}, body: "" };

/** The authenticated principal; undefined without authentication; an error if the credentials are wrong. */
export function authenticate(
  world: SimWorld,
  headers: Readonly<Record<string, string>>,
  realm = "mesos-master-scheduler",
): string | undefined | SimMesosAnswer {
  const credentials = world.options.credentials;
  if (credentials === undefined) return undefined;
  const [scheme, value] = (headers["authorization"] ?? "").split(" ");
  const found = credentials.find(({ principal, secret }) => {
    return scheme?.toLowerCase() === "basic" && value === encodeBasic(`${principal}:${secret}`);
  });
  if (found !== undefined) return found.principal;
  return refusal(401, "401 Unauthorized.", { "www-authenticate": `Basic realm="${realm}"` });
}

function encodeBasic(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** The response of a master that is dead, not leading, or recovering; undefined: it leads. */
export function mastersRefusal(world: SimWorld, index: number, path: string): SimMesosAnswer | undefined {
  const master = world.masters[index];
  if (master === undefined || !master.isUp) return noAnswer;
  if (world.leader === index) {
    return world.nowMs < world.recoveringUntilMs ? refusal(503, "Master has not finished recovery") : undefined;
  }
  return redirect(world, index, path);
}

/** 307 to the leader known to this master (possibly itself), 503 if it knows none. */
export function redirect(world: SimWorld, index: number, path: string): SimMesosAnswer {
  const believed = world.masters[index]?.believedLeader;
  const leading = believed === undefined ? undefined : world.masters[believed];
  if (leading === undefined) return refusal(503, "No leader elected");
  const { hostname, port } = leading.address;
  return { status: 307, headers: { location: `//${hostname}:${port}${masterPath(path)}` }, body: "" };
}

/** `/api/v1/scheduler` is served as `/master/api/v1/scheduler`; `/redirect` leads to the leader's root. */
function masterPath(path: string): string {
  if (path === "/redirect" || path === "/master/redirect") return "";
  return path.startsWith("/api/") ? `/master${path}` : path;
}

/** Checks method and media type; undefined: valid. */
export function typeRefusal(request: SimMesosRequest): SimMesosAnswer | undefined {
  if (request.method !== "POST") {
    const body = `405 Method Not Allowed. Expecting one of { 'POST' }, but received '${request.method}'.`;
    return refusal(405, body, { allow: "POST" });
  }
  const type = request.headers["content-type"];
  if (type === undefined) return refusal(400, "Expecting 'Content-Type' to be present");
  return type === "application/json" || type === "application/x-protobuf"
    ? undefined
    : refusal(415, "Expecting 'Content-Type' of application/json or application/x-protobuf");
}

/** Checks the format of a call that passed {@linkcode typeRefusal}; undefined: valid. */
export function formRefusal({ call, headers }: SimMesosRequest): SimMesosAnswer | undefined {
  if (typeof call["unreadable"] === "string") return refusal(400, call["unreadable"]);
  const missing = missingFields(plainOf(call));
  if (missing.length === 0) return undefined;
  return headers["content-type"] === "application/json"
    ? refusal(400, `Failed to convert JSON into Call protobuf: Missing required fields: ${missing.join(", ")}`)
    : refusal(400, "Failed to parse body into Call protobuf");
}

const required: readonly (readonly [part: string, fields: readonly string[]])[] = [
  ["acknowledge", ["agent_id", "task_id", "uuid"]],
  ["kill", ["task_id"]],
  ["shutdown", ["executor_id"]],
  ["message", ["agent_id", "executor_id", "data"]],
];

/** Missing required fields of the messages (mesos.proto, scheduler.proto). */
function missingFields(call: Plain): readonly string[] {
  const missing: string[] = [];
  const need = (holder: unknown, path: string, fields: readonly string[]): void => {
    for (const field of fields) {
      if (!has(holder, field)) missing.push(`${path}.${field}`);
    }
  };
  for (const part of ["subscribe", "update_framework"]) {
    if (!has(call, part)) continue;
    if (!has(call, part, "framework_info")) missing.push(`${part}.framework_info`);
    else need(at(call, part, "framework_info"), `${part}.framework_info`, ["user", "name"]);
  }
  for (const [part, fields] of required) {
    if (has(call, part)) need(at(call, part), part, fields);
  }
  listAt(call, "reconcile", "tasks").forEach((task, index) => need(task, `reconcile.tasks[${index}]`, ["task_id"]));
  for (const operation of listAt(call, "accept", "operations")) {
    const tasks = [
      ...listAt(operation, "launch", "task_infos"),
      ...listAt(operation, "launch_group", "task_group", "tasks"),
    ];
    for (const task of tasks) need(task, "accept.operations.launch.task_infos", ["name", "task_id", "agent_id"]);
  }
  return missing;
}

const callParts: Readonly<Record<string, string | undefined>> = {
  SUBSCRIBE: "subscribe",
  TEARDOWN: undefined,
  ACCEPT: "accept",
  DECLINE: "decline",
  ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
  DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
  REVIVE: undefined,
  SUPPRESS: undefined,
  KILL: "kill",
  SHUTDOWN: "shutdown",
  ACKNOWLEDGE: "acknowledge",
  RECONCILE: "reconcile",
  MESSAGE: "message",
  REQUEST: "request",
  UPDATE_FRAMEWORK: "update_framework",
};

/** Why the call is invalid (`scheduler::Call` validation); undefined: it is valid. */
export function callRefusal(call: Plain, principal: string | undefined): SimMesosAnswer | undefined {
  const bad = (text: string): SimMesosAnswer => refusal(400, `Failed to validate scheduler::Call: ${text}`);
  const type = textAt(call, "type");
  if (type === undefined) return bad("Expecting 'type' to be present");
  if (type === "UNKNOWN") return undefined;
  if (!Object.hasOwn(callParts, type)) {
    return refusal(400, `Failed to convert JSON into Call protobuf: Failed to find enum for '${type}'`);
  }
  const part = callParts[type];
  if (type !== "SUBSCRIBE" && !has(call, "framework_id")) return bad("Expecting 'framework_id' to be present");
  if (part !== undefined && !has(call, part)) return bad(`Expecting '${part}' to be present`);
  const id = textAt(call, "framework_id", "value") ?? "";
  if (type === "SUBSCRIBE" || type === "UPDATE_FRAMEWORK") {
    if ((textAt(call, part ?? "", "framework_info", "id", "value") ?? "") !== id) {
      return bad(`'framework_id' differs from '${part}.framework_info.id'`);
    }
  }
  const named = textAt(call, "subscribe", "framework_info", "principal");
  if (type === "SUBSCRIBE" && principal !== undefined && named !== undefined && named !== principal) {
    return bad(`Authenticated principal '${principal}' does not match principal '${named}' set in \`FrameworkInfo\``);
  }
  if (type === "ACKNOWLEDGE" && !isUuid(textAt(call, "acknowledge", "uuid") ?? "")) return bad("Not a valid UUID");
  return undefined;
}

/** Checks for 16 bytes in base64 with the bits of an RFC 4122 UUID. */
function isUuid(base64: string): boolean {
  if (!/^[A-Za-z0-9+/]{22}==$/.test(base64)) return false;
  const bytes = [...atob(base64)].map((char) => char.charCodeAt(0));
  const version = (bytes[6] ?? 0) >> 4;
  return version >= 1 && version <= 5 && ((bytes[8] ?? 0) & 0xc0) === 0x80;
}

/** The media type of the stream that the client accepts, JSON before protobuf; undefined: none (406). */
export function acceptedType(headers: Readonly<Record<string, string>>): string | undefined {
  const accepted = (headers["accept"] ?? "*/*").split(",").map((range) => range.split(";")[0]?.trim() ?? "");
  return ["application/json", "application/x-protobuf"].find((type) =>
    accepted.some((range) => range === type || range === "*/*" || range === "application/*")
  );
}

/** Why the headers of SUBSCRIBE are invalid. */
export function subscribeRefusal(headers: Readonly<Record<string, string>>): SimMesosAnswer | undefined {
  if (acceptedType(headers) === undefined) {
    return refusal(406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'");
  }
  return headers["mesos-stream-id"] === undefined
    ? undefined
    : refusal(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
}

/** The framework of a call other than SUBSCRIBE, or the error. */
export function frameworkOf(
  world: SimWorld,
  request: SimMesosRequest,
  principal: string | undefined,
): SimFramework | SimMesosAnswer {
  const framework = world.frameworks.get(textAt(request.call, "framework_id", "value") ?? "");
  if (framework === undefined) return refusal(400, "Framework cannot be found");
  const owner = textAt(framework.info, "principal") ?? "";
  if (principal !== undefined && principal !== owner) {
    return refusal(
      400,
      `Authenticated principal '${principal}' does not match principal '${owner}' set in \`FrameworkInfo\``,
    );
  }
  if (framework.subscription === undefined) return refusal(403, "Framework is not subscribed");
  const streamId = request.headers["mesos-stream-id"];
  if (streamId === undefined) {
    return refusal(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  }
  if (streamId === framework.subscription.streamId) return framework;
  return refusal(
    400,
    `The stream ID '${streamId}' included in this request didn't match the stream ID currently associated` +
      ` with framework ID ${framework.id}`,
  );
}
