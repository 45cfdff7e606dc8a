// The two response headers that outlive a response: the session cookie and Retry-After.

const retryAfterMsMax = 60 * 60 * 1000;
const cookieLengthMax = 1_024;

/** `Retry-After` (seconds or a date) in ms, at most an hour; nothing if absent or invalid. */
export function retryAfterMsOf(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), retryAfterMsMax);
}

/**
 * `JSESSIONID=…` to send from now on: a new one, none if it was cleared, else the previous one. No other
 * cookie is kept.
 */
export function sessionCookieOf(headers: Headers, before: string | undefined): string | undefined {
  let cookie = before;
  for (const line of headers.getSetCookie()) {
    const [pair = ""] = line.split(";", 1);
    const [name = "", value = ""] = pair.split("=", 2).map((part) => part.trim());
    if (name === "JSESSIONID" && value.length <= cookieLengthMax) {
      cookie = value === "" || /;\s*max-age=0\b/i.test(line) ? undefined : `${name}=${value}`;
    }
  }
  return cookie;
}
