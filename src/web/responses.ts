// Responses with the headers that all of ours carry.

/** An error response, for programs and people. */
export interface Refusal {
  readonly status: number;
  /** Stable code. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Headers that the status requires, e.g. `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

const commonHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** A text response of a media type. */
export function textResponse(body: string, contentType: string, status = 200): Response {
  return new Response(body, { status, headers: { ...commonHeaders, "Content-Type": contentType } });
}

/** Streaming responses. */
const streams = new WeakSet<Response>();

/** A streaming response. */
export function streamResponse(body: ReadableStream<Uint8Array>, contentType: string): Response {
  const response = new Response(body, { headers: { ...commonHeaders, "Content-Type": contentType } });
  streams.add(response);
  return response;
}

/** Whether a response is streamed. */
export function isStream(response: Response): boolean {
  return streams.has(response);
}

/** A JSON response. */
export function jsonResponse(value: unknown, status = 200): Response {
  return textResponse(JSON.stringify(value), "application/json; charset=utf-8", status);
}

/** An error as JSON. */
export function refusalResponse({ status, code, message, hint, headers }: Refusal): Response {
  const response = jsonResponse({ code, message, hint }, status);
  for (const [name, value] of Object.entries(headers ?? {})) response.headers.set(name, value);
  return response;
}
