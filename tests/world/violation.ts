// How a broken law is reported.

/** A broken law. */
export class Violation extends Error {
  /** The law, a stable name. */
  readonly law: string;

  /** Describes what has happened. */
  constructor(law: string, message: string) {
    super(`${law}: ${message}`);
    this.name = "Violation";
    this.law = law;
  }
}

/** Throws a Violation unless the condition is true. */
export function demand(isSo: boolean, law: string, message: () => string): void {
  if (!isSo) throw new Violation(law, message());
}
