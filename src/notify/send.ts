// Sends one message once, and returns the result. Retries are handled in outbox.ts.

import { oneLine } from "../core/text.ts";
import { firstPart } from "../net/body.ts";
import { clientWithCas } from "../net/http_client.ts";
import { networkFailure } from "../net/network_failure.ts";
import { createRedactor, type Secret } from "../secret.ts";
import { messageOf } from "../errors.ts";
import { bodyOf, type Message, type MessageFormat } from "./message.ts";

/** Where messages go. */
export interface WebhookTarget {
  /** Its name in the configuration, for log and metrics: the URL may be a secret. */
  readonly name: string;
  readonly url: Secret;
  readonly format: MessageFormat;
  /** Signs the body; absent: it is not signed. */
  readonly secret?: Secret;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
}

/** The result of one attempt. */
export type SendResult =
  | { readonly kind: "delivered"; readonly status: number }
  | {
    readonly kind: "failed";
    /** A clause without secrets: `500: overloaded`. */
    readonly what: string;
    readonly hint: string;
    /** The receiver rejects the message: retrying will not help. */
    readonly isUnwanted: boolean;
    /** As requested by the receiver. */
    readonly retryAfterMs?: number;
  };

/** The dependencies of sending. */
export interface SendOptions {
  /** Deno's by default. */
  readonly fetch?: typeof fetch;
  /** Aborted after this many ms; the machine's own by default. */
  readonly deadline?: (ms: number) => AbortSignal;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Timeout for one attempt. */
const sendMsMax = 10_000;
const saidLengthMax = 200;
const unwanted: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const retryAfterMsMax = 600_000;

const headerNames = { signature: "x-gocd-mesos-signature-256", id: "x-gocd-mesos-delivery" } as const;

/** Sends a message; never throws. `lost`: as of {@linkcode bodyOf}. */
export async function send(
  target: WebhookTarget,
  { message, lost }: { readonly message: Message; readonly lost: number },
  options: SendOptions,
): Promise<SendResult> {
  const deadline = (options.deadline ?? ((ms) => AbortSignal.timeout(ms)))(sendMsMax);
  let url = "";
  let client: Deno.HttpClient | undefined;
  let response: Response | undefined;
  try {
    url = target.url.reveal().trim();
    if (target.caCerts.length > 0) client = clientWithCas(target.caCerts);
    const body = bodyOf(message, target.format, lost);
    const init: RequestInit & { client?: Deno.HttpClient } = {
      method: "POST",
      // Redirects are not followed: their targets are not configured.
      redirect: "manual",
      signal: AbortSignal.any([options.signal, deadline]),
      headers: await headersOf(target, message, body),
      body,
      ...(client === undefined ? {} : { client }),
    };
    response = await (options.fetch ?? fetch)(url, init);
    if (response.ok) return { kind: "delivered", status: response.status };
    return refusal(response, await said(response), redactorOf(target, url));
  } catch (failure) {
    return failed(failure, { url, isTimeout: deadline.aborted, redact: redactorOf(target, url) });
  } finally {
    if (response?.body && !response.body.locked) await response.body.cancel().catch(() => {});
    client?.close();
  }
}

async function headersOf({ secret }: WebhookTarget, { id }: Message, body: string): Promise<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "gocd-mesos",
    [headerNames.id]: id,
    ...(secret === undefined ? {} : { [headerNames.signature]: await signatureOf(secret.reveal(), body) }),
  };
}

/** `sha256=` and the HMAC of the body in hexadecimal, as GitHub signs its webhooks. */
export async function signatureOf(secret: string, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(body)));
  return `sha256=${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function said(response: Response): Promise<string> {
  try {
    return await firstPart(response.body, saidLengthMax);
  } catch {
    return "";
  }
}

function refusal(
  { status, headers }: Response,
  body: string,
  redact: (text: string) => string,
): SendResult & { readonly kind: "failed" } {
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    const host = URL.canParse(location) ? new URL(location).host : "another path";
    return {
      kind: "failed",
      what: redact(`${status}: a redirect to ${host}, which is not followed`),
      hint: "write the URL that it leads to",
      isUnwanted: false,
    };
  }
  const text = oneLine(redact(body), saidLengthMax);
  const seconds = Number(headers.get("retry-after") ?? NaN);
  return {
    kind: "failed",
    what: text === "" ? `${status}` : `${status}: ${text}`,
    hint: hintOf(status),
    isUnwanted: unwanted.has(status),
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds * 1000, retryAfterMsMax) } : {}),
  };
}

function hintOf(status: number): string {
  if (status === 401 || status === 403) return "check the URL and the secret: the receiver does not accept them";
  if (status === 404 || status === 410) return "check the URL: it does not exist at the receiver (any more)";
  if (unwanted.has(status)) return "check that format is what the receiver expects";
  return status === 429 ? "nothing to do: it is tried again more slowly" : "look at the log of the receiver";
}

interface FailureDetail {
  readonly url: string;
  readonly isTimeout: boolean;
  readonly redact: (text: string) => string;
}

function failed(failure: unknown, { url, isTimeout, redact }: FailureDetail): SendResult {
  if (isTimeout) {
    const what = `no response within ${sendMsMax / 1000} s`;
    return { kind: "failed", what, hint: "check the receiver, and firewalls in between", isUnwanted: false };
  }
  const isOurs = url === "" || !URL.canParse(url);
  const { kind, what, hint } = isOurs
    ? { kind: "other", what: messageOf(failure), hint: undefined }
    : networkFailure(failure, url);
  return {
    kind: "failed",
    what: redact(what),
    hint: hint ??
      (kind === "not-permitted"
        ? "start again, so that the program may connect to the host that the URL names now"
        : "check the URL, the receiver and the network in between"),
    isUnwanted: false,
  };
}

/** The whole URL may be the secret, or its path and query. */
function redactorOf({ secret }: WebhookTarget, url: string): (text: string) => string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const parts = parsed === undefined ? [] : [parsed.href, `${parsed.pathname}${parsed.search}`, parsed.pathname];
  return createRedactor([url, ...parts.filter((part) => part.length > 1), ...revealed(secret)]);
}

function revealed(secret: Secret | undefined): readonly string[] {
  try {
    return secret === undefined ? [] : [secret.reveal()];
  } catch {
    return [];
  }
}
