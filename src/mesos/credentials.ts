// Authentication to a master, and redaction of its secrets.

import { OperatorError } from "../errors.ts";
import { createRedactor, type Secret } from "../secret.ts";
import { type MesosCredentials, MesosError } from "./api.ts";

/**
 * Value of the `Authorization` header, read again each time, because secrets in files may change; throws `MesosError`.
 */
export function authorizationOf(credentials: MesosCredentials): string | undefined {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "basic":
      return `Basic ${base64(`${credentials.principal}:${reveal(credentials.secret)}`)}`;
    case "bearer": {
      const token = reveal(credentials.token).trim();
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw new MesosError(
          "unauthorized",
          `${credentials.token.source} is empty or has characters that no token has`,
          `put the token alone, in one line, into ${credentials.token.source}`,
        );
      }
      return `Bearer ${token}`;
    }
    default:
      return credentials satisfies never;
  }
}

/** The text with `***` in place of our own secret, should a master or a proxy send it back. */
export function redacted(text: string, credentials: MesosCredentials): string {
  return createRedactor(secretTexts(credentials))(text);
}

function secretTexts(credentials: MesosCredentials): readonly string[] {
  switch (credentials.kind) {
    case "none":
      return [];
    case "basic": {
      const secret = reveal(credentials.secret);
      return [base64(`${credentials.principal}:${secret}`), secret];
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
    throw new MesosError(
      "unauthorized",
      error instanceof OperatorError ? error.message : `${secret.source} cannot be read`,
      error instanceof OperatorError ? error.hint : `make the file of ${secret.source} readable again`,
      error,
    );
  }
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
