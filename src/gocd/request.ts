// Sends one request at a time to the GoCD server and rejects every response that is not of the requested type.

import type { Finding } from "../core/event.ts";
import { serverUrlText } from "../net/addresses.ts";
import { firstPart, wholeText } from "../net/body.ts";
import { authorizationOf, CredentialsError, redactorOf } from "../net/credentials.ts";
import { clientWithCas } from "../net/http_client.ts";
import { proxyFor } from "../net/proxies.ts";
import { type GocdConnection, GocdError } from "./api.ts";
import { bodyBytesMax, contentError } from "./content_problems.ts";
import { type AttemptDetail, networkError } from "./network_problems.ts";
import { answerError, type GocdCall } from "./problems.ts";
import { retryAfterMsOf, sessionCookieOf } from "./response_headers.ts";
import { isLater, newFeedPath } from "./versions.ts";

/** One request. */
export interface GocdRequest {
  /** The verb; everything but GET changes the server. */
  readonly method: GocdCall["method"];
  /** Below the base URL, with a slash in front. */
  readonly path: string;
  /** The only media type to accept. */
  readonly accept: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `ETag` of the known response: the same one again sets {@linkcode GocdAnswer.isSame}. */
  readonly etag?: string;
  /** Aborted after this time, ms, if that is less than `go-server.timeout`. */
  readonly timeoutMs?: number;
}

/** A response with status 2xx that is not HTML, or 304 if an `etag` was given. */
export interface GocdAnswer {
  /** `GET http://host/go/api/agents`, for messages. */
  readonly source: string;
  /** The response is the one whose `etag` was given; there is no body. */
  readonly isSame: boolean;
  /** `ETag`. */
  readonly etag?: string;
  /** The time of the server's clock, ms, by the header `Date`, which has whole seconds. */
  readonly dateMs?: number;
  /** The body in pieces, decompressed. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The whole body, at most {@linkcode bodyBytesMax} bytes. */
  text(): Promise<string>;
}

/** Sends requests, one after the other, in one session. */
export interface Requester {
  /** Sends a request and reads its response; throws only {@linkcode GocdError}. */
  exchange<T>(request: GocdRequest, signal: AbortSignal, read: (answer: GocdAnswer) => Promise<T>): Promise<T>;
  /** Findings about APIs that the server calls deprecated. */
  findings(): readonly Finding[];
  /** Frees the HTTP client of custom certificate authorities. */
  close(): void;
}

/** The dependencies of a requester. */
export interface RequesterOptions {
  /** Deno's by default. */
  readonly fetch?: typeof fetch;
  /** The time, for `Retry-After` as a date. */
  readonly nowMs: () => number;
  /** Aborted after this many ms; by default with the timer of the machine. */
  readonly deadline?: (timeoutMs: number) => AbortSignal;
}

interface Session {
  readonly connection: GocdConnection;
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  readonly deadline: (timeoutMs: number) => AbortSignal;
  readonly deprecated: Map<string, Finding>;
  client: Deno.HttpClient | undefined;
  cookie: string | undefined;
  /** When it was sent. */
  cookieSinceMs: number;
  authorization: string | undefined;
}

/** Maximum number of bytes of an error body, to find its message. */
const refusalCharactersMax = 16 * 1024;
const deprecatedMax = 20;
const userAgent = "gocd-mesos";
/**
 * GoCD accepts a valid session with any password. A new session shows whether the login is still valid, before the next
 * restart of the server does.
 */
const sessionMsMax = 5 * 60_000;

/** Creates a requester. */
export function createRequester(connection: GocdConnection, options: RequesterOptions): Requester {
  const session: Session = {
    connection,
    baseUrl: serverUrlText(connection.url),
    fetch: options.fetch ?? fetch,
    nowMs: options.nowMs,
    deadline: options.deadline ?? ((timeoutMs) => AbortSignal.timeout(timeoutMs)),
    deprecated: new Map(),
    client: undefined,
    cookie: undefined,
    cookieSinceMs: 0,
    authorization: undefined,
  };
  let last: Promise<void> = Promise.resolve();
  return {
    async exchange<T>(
      request: GocdRequest,
      signal: AbortSignal,
      read: (answer: GocdAnswer) => Promise<T>,
    ): Promise<T> {
      const turn = Promise.withResolvers<void>();
      const previous = last;
      last = turn.promise;
      try {
        await previous;
        return await sendAndRead(session, request, signal, read);
      } finally {
        turn.resolve();
      }
    },
    findings: () => [...session.deprecated.values()],
    close(): void {
      session.client?.close();
      session.client = undefined;
    },
  };
}

async function sendAndRead<T>(
  session: Session,
  request: GocdRequest,
  signal: AbortSignal,
  read: (answer: GocdAnswer) => Promise<T>,
): Promise<T> {
  const { insecure, credentials } = session.connection;
  const timeoutMs = Math.min(session.connection.timeoutMs, request.timeoutMs ?? Infinity);
  const call: GocdCall = {
    method: request.method,
    url: session.baseUrl + request.path,
    credentials: credentials.kind,
  };
  const deadline = session.deadline(timeoutMs);
  let response: Response | undefined;
  try {
    signal.throwIfAborted();
    const init = requestInit(session, request, AbortSignal.any([signal, deadline]));
    response = await session.fetch(call.url, init);
    return await read(await answerOf(session, { call, etag: request.etag }, response));
  } catch (failure) {
    if (failure instanceof GocdError) throw failure;
    if (failure instanceof CredentialsError) throw credentialsError(failure);
    const detail: AttemptDetail = {
      timeoutMs,
      insecure,
      isTimeout: deadline.aborted,
      isAborted: signal.aborted,
    };
    throw networkError(call, failure, detail);
  } finally {
    await discard(response);
  }
}

function credentialsError(error: CredentialsError): GocdError {
  const { message, hint } = error;
  const code = error.reason === "unusable" ? "gocd-bad-secret" : "gocd-secret-unreadable";
  return new GocdError({ code, kind: "refused", message, hint }, error);
}

/** Releases the connection if a body was not read to its end. */
async function discard(response: Response | undefined): Promise<void> {
  if (response?.body && !response.body.locked) await response.body.cancel().catch(() => {});
}

function requestInit(
  session: Session,
  request: GocdRequest,
  signal: AbortSignal,
): RequestInit & { client?: Deno.HttpClient } {
  const authorization = authorizationOf(session.connection.credentials);
  if (authorization !== session.authorization) {
    // With another user or password, the old session would hide an invalid login.
    session.cookie = undefined;
    session.authorization = authorization;
  }
  if (session.nowMs() - session.cookieSinceMs >= sessionMsMax) session.cookie = undefined;
  const client = clientOf(session);
  return {
    method: request.method,
    redirect: "manual",
    signal,
    headers: {
      "accept": request.accept,
      "user-agent": userAgent,
      ...(authorization === undefined ? {} : { authorization }),
      ...(session.cookie === undefined ? {} : { cookie: session.cookie }),
      ...(request.etag === undefined ? {} : { "if-none-match": request.etag }),
      // Both confirm headers are harmless where none is needed (GoCD ApiController.verifyContentType,
      // header_constraint.rb).
      ...(request.method === "GET" ? {} : { "confirm": "true", "x-gocd-confirm": "true" }),
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    ...(client === undefined ? {} : { client }),
  };
}

function clientOf(session: Session): Deno.HttpClient | undefined {
  const { caCerts } = session.connection;
  if (caCerts.length === 0 || session.client !== undefined) return session.client;
  try {
    session.client = clientWithCas(caCerts);
    return session.client;
  } catch (error) {
    throw new GocdError({
      code: "gocd-bad-ca",
      kind: "refused",
      message: "the certificate authorities of go-server.ca-file cannot be used",
      hint: "go-server.ca-file must contain certificates in PEM format (-----BEGIN CERTIFICATE-----)",
    }, error);
  }
}

interface SentRequest {
  readonly call: GocdCall;
  readonly etag: string | undefined;
}

async function answerOf(session: Session, { call, etag: known }: SentRequest, response: Response): Promise<GocdAnswer> {
  const source = `${call.method} ${call.url}`;
  const cookie = sessionCookieOf(response.headers, session.cookie);
  if (cookie !== session.cookie) session.cookieSinceMs = session.nowMs();
  session.cookie = cookie;
  const isSame = response.status === 304 && known !== undefined;
  const isPage = (response.headers.get("content-type") ?? "").toLowerCase().includes("html");
  if (!response.ok && !isSame || isPage) {
    if (response.status === 401) session.cookie = undefined;
    throw refusal(session, call, response, await firstPart(response.body, refusalCharactersMax));
  }
  noteDeprecation(session, source, response.headers);
  const etag = response.headers.get("etag") ?? undefined;
  const dateMs = Date.parse(response.headers.get("date") ?? "");
  return {
    source,
    isSame,
    ...(etag === undefined ? {} : { etag }),
    ...(Number.isNaN(dateMs) ? {} : { dateMs }),
    chunks: response.body ?? noChunks(),
    async text(): Promise<string> {
      const text = await wholeText(response.body, bodyBytesMax);
      if (text === undefined) throw contentError(source, { kind: "too-large", limit: `${bodyBytesMax} bytes` });
      if (/^\s*</.test(text)) throw refusal(session, call, response, text.slice(0, refusalCharactersMax));
      return text;
    },
  };
}

function refusal(session: Session, call: GocdCall, { status, headers }: Response, body: string): GocdError {
  const retryAfterMs = retryAfterMsOf(headers, session.nowMs());
  return answerError(call, {
    status,
    headers,
    body,
    redact: redactorOf(session.connection.credentials),
    proxy: proxyFor(call.url),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

async function* noChunks(): AsyncGenerator<Uint8Array> {
}

function noteDeprecation(session: Session, source: string, headers: Headers): void {
  const since = headers.get("x-gocd-api-deprecated-in");
  if (since === null || session.deprecated.size >= deprecatedMax) return;
  const removal = headers.get("x-gocd-api-removal-in");
  // GoCD 26.2 marks its feed as deprecated since 25.4 with removal in 25.1, but still serves it.
  if (removal !== null && !isLater(removal, since)) return;
  session.deprecated.set(source, {
    code: "gocd-api-deprecated",
    message: `${source} is deprecated since GoCD ${since.slice(0, 20)}` +
      (removal === null ? "" : ` and will be removed in ${removal.slice(0, 20)}`),
    hint: source.endsWith(newFeedPath)
      ? "nothing to do: once GoCD has no feed, the waiting jobs are read without it"
      : "nothing to do now: get a newer gocd-mesos before upgrading GoCD",
  });
}
