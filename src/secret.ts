// A secret value that cannot be printed by accident. Not here: where secrets come from (config/).
// Used by config/ (makes them) and by gocd/, mesos/, web/ (reveal them on the wire only).

/** A password, token or key. Printing it in any way gives `***`; only {@linkcode Secret.reveal} gives the value. */
export class Secret {
  readonly #read: () => string;
  /** Where the value comes from, for messages: a configuration key such as `go-server.password`. */
  readonly source: string;

  /** `read` is called at each use, so that a secret in a file may change while the program runs; it may throw. */
  constructor(source: string, read: () => string) {
    this.source = source;
    this.#read = read;
  }

  /** The value itself. Throws what the reader throws, e.g. when a secret file has vanished. */
  reveal(): string {
    return this.#read();
  }

  /** Always `***`. */
  toString(): string {
    return "***";
  }

  /** Always `***`. */
  toJSON(): string {
    return "***";
  }

  /** Always `***` in `console.log` and `Deno.inspect`. */
  [Symbol.for("Deno.customInspect")](): string {
    return "***";
  }
}
