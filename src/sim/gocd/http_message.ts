// Requests and responses of the simulated GoCD server as plain data, with small helpers.

import type { GocdWorld } from "./state.ts";

/** A request; header names in lower case. */
export interface SimRequest {
  /** In upper case: `GET`. */
  readonly method: string;
  /** Path with the context path, and the query if any: `/go/api/agents`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty if the request has none. */
  readonly body: string;
}

/** A response. */
export interface SimResponse {
  /** 0 if the connection was refused. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** For `cut` the part that was sent before the connection broke. */
  readonly body: string;
  /** `refused`: no connection; `cut`: broken before the end. */
  readonly connection: "kept" | "refused" | "cut";
  /** How long the caller has to wait for the response. */
  readonly delayMs: number;
}

/** A regular response. */
export function answer(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): SimResponse {
  const type = contentType === "" ? {} : { "content-type": contentType };
  return { status, headers: { ...type, ...headers }, body, connection: "kept", delayMs: 0 };
}

/** The text of a JSON response. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

/** A JSON response of the form `{message}`. */
export function jsonMessage(status: number, contentType: string, message: string): SimResponse {
  return answer(status, contentType, jsonText({ message }));
}

/** An error of the servlet container: its page, or nothing for a caller who does not accept HTML. */
export function containerError(world: GocdWorld, request: SimRequest, status: number, title: string): SimResponse {
  const headers = { "cache-control": "must-revalidate,no-cache,no-store" };
  const accept = acceptOf(request);
  const wantsPage = accept === "" || /text\/html|text\/\*|\*\/\*/.test(accept);
  if (world.rules.pagesByAccept && !wantsPage) return answer(status, "", "", headers);
  const body = world.rules.pagesByAccept
    ? `<!DOCTYPE html><html><head><title>${status} ${title}</title></head>` +
      `<body><h1>${status}</h1>\n<h2>${title}</h2></body></html>`
    : `<html><head><title>Error ${status} ${title}</title></head>` +
      `<body><h2>HTTP ERROR ${status}</h2><p>${title}</p></body></html>`;
  return answer(status, "text/html;charset=iso-8859-1", body, headers);
}

/** A path unknown to the container. */
export function unknownPath(world: GocdWorld, request: SimRequest): SimResponse {
  return containerError(world, request, 404, "Not Found");
}

/** Below a known path of Spark: no route for this method, subpath or Accept. The type is that of a matching Accept. */
export function noRoute(type = "text/html;charset=utf-8"): SimResponse {
  return answer(404, type, "<html><body><h2>404 Not found</h2></body></html>");
}

/** The request's path without query. */
export function pathOf(request: SimRequest): string {
  const end = request.path.indexOf("?");
  return end < 0 ? request.path : request.path.slice(0, end);
}

/** The server's own address as the caller sees it, with the context path. */
export function baseUrl(world: GocdWorld, request: SimRequest): string {
  return `http://${request.headers["host"] ?? "localhost:8153"}${world.contextPath}`;
}

/** The Accept header, empty if missing. */
export function acceptOf(request: SimRequest): string {
  return request.headers["accept"] ?? "";
}

/** A date in the format of the APIs: seconds, UTC. `toIso` is pure: no clock is read. */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const seconds = Math.floor((ms - days * 86_400_000) / 1000);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${year}-${two(month)}-${two(day)}T${time}Z`;
}

/** A short tag of a text for ETag headers. */
function etagOf(text: string): string {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return `"${(hash >>> 0).toString(16).padStart(8, "0")}"`;
}

/** 304 if the caller already has this body (If-None-Match), otherwise the body with its ETag. */
export function withEtag(request: SimRequest, full: SimResponse): SimResponse {
  const etag = etagOf(full.body);
  if (request.headers["if-none-match"] === etag) return answer(304, "", "", { etag });
  return { ...full, headers: { ...full.headers, etag } };
}
