// The messages between the main thread of a sandbox and its Workers.

import type { Build } from "../cli/build.ts";
import type { ReloadAnswer } from "../cli/io.ts";
import type { Needs } from "./needs.ts";

/** Signals that a command may listen to. */
export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGTSTP";

/** To the reader: the arguments of the program. */
export interface ToReader {
  readonly args: readonly string[];
}

/** From the reader: what the program needs, or why it cannot run. */
export type FromReader = Needs | FailedNeeds;

/** The state cannot be at the configured place. */
export interface FailedNeeds {
  readonly kind: "failed";
  readonly message: string;
  readonly hint: string;
  /** Both, as the command line prints them: in the format of the log if a start ends. */
  readonly lines: readonly string[];
  readonly code: number;
}

/** To the program. */
export type ToProgram =
  | { readonly kind: "begin"; readonly args: readonly string[]; readonly build: Build; readonly isLasting: boolean }
  | { readonly kind: "signal"; readonly signal: SignalName }
  | { readonly kind: "reload-answer"; readonly answer: ReloadAnswer };

/** From the program. It cannot request permissions by name: the reader determines them. */
export type FromProgram =
  | { readonly kind: "ready" }
  | { readonly kind: "listen"; readonly signal: SignalName; readonly isOn: boolean }
  | { readonly kind: "reload" }
  | { readonly kind: "exit"; readonly code: number };
