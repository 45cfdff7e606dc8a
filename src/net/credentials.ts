// Authentication to a server, and redaction of its secrets in messages.

import { OperatorError } from "../errors.ts";
import { createRedactor, type Secret } from "../secret.ts";

/** How to authenticate. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly userName: string; readonly password: Secret }
  | { readonly kind: "bearer"; readonly token: Secret };

/** Credentials that cannot be used now. */
export class CredentialsError extends OperatorError {
  /** `unreadable`: the file of the secret cannot be read; `unusable`: its content cannot be a token. */
  readonly reason: "unreadable" | "unusable";

  /** `message` is without the secret. */
  constructor(reason: CredentialsError["reason"], message: string, hint: string, cause?: unknown) {
    super(message, { code: `secret-${reason}`, kind: "refused", hint, cause });
    this.name = "CredentialsError";
    this.reason = reason;
  }
}

/**
 * Value of the `Authorization` header, read again each time, because secrets in files may change. Throws
 * {@linkcode CredentialsError}.
 */
export function authorizationOf(credentials: Credentials): string | undefined {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "basic":
      return `Basic ${base64(`${credentials.userName}:${reveal(credentials.password)}`)}`;
    case "bearer": {
      const { source } = credentials.token;
      const token = reveal(credentials.token).trim();
      if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
      throw new CredentialsError(
        "unusable",
        `${source} is empty or has characters that no token has`,
        `put the token alone, in one line, into ${source}`,
      );
    }
    default:
      return credentials satisfies never;
  }
}

/**
 * A function that replaces our own secrets with `***` if a server or a proxy sends them back; it replaces the whole
 * text if they can no longer be read.
 */
export function redactorOf(credentials: Credentials): (text: string) => string {
  const secret = secretOf(credentials);
  if (secret === undefined) return (text) => text;
  try {
    const value = secret.reveal();
    if (credentials.kind !== "basic") return createRedactor([value.trim()]);
    return createRedactor([base64(`${credentials.userName}:${value}`), value]);
  } catch {
    return () => "***";
  }
}

/** The secret of it, if there is one. */
export function secretOf(credentials: Credentials): Secret | undefined {
  if (credentials.kind === "none") return undefined;
  return credentials.kind === "bearer" ? credentials.token : credentials.password;
}

function reveal(secret: Secret): string {
  try {
    return secret.reveal();
  } catch (error) {
    const [message, hint] = error instanceof OperatorError
      ? [error.message, error.hint]
      : [`${secret.source} cannot be read`, `make the file of ${secret.source} readable again`];
    throw new CredentialsError("unreadable", message, hint, error);
  }
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
