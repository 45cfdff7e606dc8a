// How a broken law is reported.

/** A law was broken. */
export class Violation extends Error {
  /** Which law, a stable word. */
  readonly law: string;

  /** Says what has happened. */
  constructor(law: string, message: string) {
    super(`${law}: ${message}`);
    this.name = "Violation";
    this.law = law;
  }
}

/** Throws a Violation unless it is so. */
export function demand(isSo: boolean, law: string, message: () => string): void {
  if (!isSo) throw new Violation(law, message());
}
