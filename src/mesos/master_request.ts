// Sends one HTTP request to one master, with authentication, a time limit and readable errors.

import { firstPart } from "../net/body.ts";
import { authorizationOf, CredentialsError } from "../net/credentials.ts";
import { clientWithCas } from "../net/http_client.ts";
import { brokenHint, networkFailure } from "../net/network_failure.ts";
import type { SetTimer } from "../net/timer.ts";
import { type MesosConnection, MesosError, type MesosErrorReason } from "./api.ts";
import { networkHints } from "./network_problems.ts";

/** Sends requests to masters. */
export interface MasterClient {
  /** Address and credentials. */
  readonly connection: MesosConnection;
  /** Time limits. */
  readonly setTimer: SetTimer;
  /** Deno's own, or that of a test. */
  readonly fetch: typeof fetch;
  /** The client with the operator's certificate authorities, if any; throws `MesosError` for invalid ones. */
  httpClient(): Deno.HttpClient | undefined;
  /** Frees it. */
  close(): void;
}

/** One request. */
export interface MasterRequest {
  /** GET reads, POST sends a call. */
  readonly method: "GET" | "POST";
  /** Absolute. */
  readonly url: string;
  /** Besides authentication: `Content-Type`, `Accept`, `Mesos-Stream-Id`. */
  readonly headers: Readonly<Record<string, string>>;
  /** A call. */
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** When a request is aborted, and with which reason. */
export interface RequestLimits {
  /** For the head of the response, and for its body until {@linkcode MasterAnswer.stopClock}. */
  readonly limitMs: number;
  /** Each of them ends the request and the reading of its response. */
  readonly signals: readonly AbortSignal[];
  /** The reason of the error if there was no response. */
  readonly unanswered: MesosErrorReason;
  /** Called when the request is given up before its response: it may still arrive. */
  readonly onGivenUp?: (() => void) | undefined;
}

/** A response whose body is still to be read. Always end it. */
export interface MasterAnswer {
  /** With any status. */
  readonly response: Response;
  /** From here on, the body has no time limit. */
  stopClock(): void;
  /** The first part of the body as text, at most 4 KiB, for messages; throws `MesosError`. */
  text(): Promise<string>;
  /** The body has been read or cancelled: instead of `end`, which costs an abort (tests/bench). */
  settled(): void;
  /** Releases the connection. */
  end(): void;
}

const textCharactersMax = 4096;

/** Creates a client. */
export function createMasterClient(
  connection: MesosConnection,
  edges: { readonly fetch: typeof fetch; readonly setTimer: SetTimer },
): MasterClient {
  let client: Deno.HttpClient | undefined;
  const { fetch, setTimer } = edges;
  return {
    fetch,
    setTimer,
    connection,
    httpClient(): Deno.HttpClient | undefined {
      if (connection.caCerts.length > 0) client ??= clientWith(connection.caCerts);
      return client;
    },
    close(): void {
      client?.close();
      client = undefined;
    },
  };
}

/** Sends a request; throws `MesosError` with the reason `limits.unanswered` or, without permission, `redirect-refused`. */
export async function sendRequest(
  client: MasterClient,
  request: MasterRequest,
  limits: RequestLimits,
): Promise<MasterAnswer> {
  const watch = startWatch(client, limits);
  try {
    const response = await client.fetch(request.url, requestInit(client, request, watch.signal));
    watch.answered();
    return {
      response,
      stopClock: watch.stopClock,
      settled: watch.release,
      end: watch.end,
      async text(): Promise<string> {
        try {
          return await firstPart(response.body, textCharactersMax);
        } catch (failure) {
          throw requestError(request, limits, { failure, isTimeUp: watch.isTimeUp() });
        }
      },
    };
  } catch (failure) {
    watch.end();
    throw failure instanceof MesosError
      ? failure
      : requestError(request, limits, { failure, isTimeUp: watch.isTimeUp() });
  }
}

interface Watch {
  readonly signal: AbortSignal;
  isTimeUp(): boolean;
  answered(): void;
  stopClock(): void;
  release(): void;
  end(): void;
}

function startWatch(client: MasterClient, { limitMs, signals, onGivenUp }: RequestLimits): Watch {
  const controller = new AbortController();
  let isTimeUp = false;
  let isAnswered = false;
  const giveUp = (): void => {
    if (!isAnswered) onGivenUp?.();
    controller.abort();
  };
  const stopClock = client.setTimer(() => {
    isTimeUp = true;
    giveUp();
  }, limitMs);
  for (const signal of signals) signal.addEventListener("abort", giveUp, { once: true });
  // Nothing has been sent.
  if (signals.some((signal) => signal.aborted)) controller.abort();
  const release = (): void => {
    stopClock();
    for (const signal of signals) signal.removeEventListener("abort", giveUp);
  };
  return {
    signal: controller.signal,
    isTimeUp: () => isTimeUp,
    answered: () => isAnswered = true,
    stopClock,
    release,
    end(): void {
      release();
      controller.abort();
    },
  };
}

function requestInit(
  client: MasterClient,
  request: MasterRequest,
  signal: AbortSignal,
): RequestInit & { client?: Deno.HttpClient } {
  const httpClient = client.httpClient();
  return {
    method: request.method,
    redirect: "manual",
    signal,
    headers: headersOf(client, request),
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(httpClient === undefined ? {} : { client: httpClient }),
  };
}

function headersOf(client: MasterClient, request: MasterRequest): Record<string, string> {
  const authorization = authorizationOf(client.connection.credentials);
  return {
    "user-agent": "gocd-mesos",
    ...request.headers,
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function requestError(
  request: MasterRequest,
  limits: RequestLimits,
  { failure, isTimeUp }: { readonly failure: unknown; readonly isTimeUp: boolean },
): MesosError {
  const origin = new URL(request.url).origin;
  if (isTimeUp) {
    return new MesosError(
      limits.unanswered,
      `Mesos master ${origin}: no answer within ${limits.limitMs / 1000} s`,
      "check that the master is running, and the network and firewalls between it and gocd-mesos",
      failure,
    );
  }
  if (limits.signals.some((signal) => signal.aborted)) {
    return new MesosError(
      limits.unanswered,
      `Mesos master ${origin}: aborted, because the subscription has ended or the program is stopping`,
      "nothing to do",
      failure,
    );
  }
  if (failure instanceof CredentialsError) {
    return new MesosError("unauthorized", failure.message, failure.hint, failure);
  }
  const { kind, what, hint: own } = networkFailure(failure, request.url);
  const hint = own ?? (kind === "lost" ? brokenHint(request.url, networkHints[kind]) : networkHints[kind]);
  const reason = kind === "not-permitted" ? "redirect-refused" : limits.unanswered;
  return new MesosError(reason, `Mesos master ${origin}: ${what}`, hint, failure);
}

function clientWith(caCerts: readonly string[]): Deno.HttpClient {
  try {
    return clientWithCas(caCerts);
  } catch (error) {
    throw new MesosError(
      "refused",
      "the certificate authorities of mesos.ca-file cannot be used",
      "mesos.ca-file must contain certificates in PEM format (-----BEGIN CERTIFICATE-----)",
      error,
    );
  }
}
