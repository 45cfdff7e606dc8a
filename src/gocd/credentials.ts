// Authentication to the GoCD server, and redaction of its secrets (GoCD docs, API authentication).

import { type GocdCredentials, GocdError } from "./api.ts";
import { OperatorError } from "../errors.ts";
import { createRedactor, type Secret } from "../secret.ts";

/**
 * Value of the `Authorization` header, read again each time, because secrets in files may change; throws
 * `GocdError`.
 */
export function authorizationOf(credentials: GocdCredentials): string | undefined {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "basic":
      return `Basic ${base64(`${credentials.userName}:${reveal(credentials.password)}`)}`;
    case "bearer": {
      const token = reveal(credentials.token).trim();
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw new GocdError({
          code: "gocd-bad-secret",
          kind: "refused",
          message: `${credentials.token.source} is empty or has characters that no access token has`,
          hint: `put the token alone, in one line, into ${credentials.token.source}`,
        });
      }
      return `Bearer ${token}`;
    }
    default:
      return credentials satisfies never;
  }
}

/** A function that puts `***` in place of our own secrets, should a server or a proxy send them back. */
export function redactorOf(credentials: GocdCredentials): (text: string) => string {
  return createRedactor(secretTexts(credentials));
}

function secretTexts(credentials: GocdCredentials): readonly string[] {
  switch (credentials.kind) {
    case "none":
      return [];
    case "basic": {
      const password = reveal(credentials.password);
      return [base64(`${credentials.userName}:${password}`), password];
    }
    case "bearer":
      return [reveal(credentials.token).trim()];
    default:
      return credentials satisfies never;
  }
}

function reveal(secret: Secret): string {
  try {
    return secret.reveal();
  } catch (error) {
    throw new GocdError({
      code: "gocd-secret-unreadable",
      kind: "refused",
      message: error instanceof OperatorError ? error.message : `${secret.source} cannot be read`,
      hint: error instanceof OperatorError ? error.hint : `make the file of ${secret.source} readable again`,
    }, error);
  }
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
