// The Worker that the program runs in, with only the permissions that its configuration needs. Signals, exit codes and
// reloads are those of the main thread (supervisor.ts); output needs no permission.

import { runCli } from "../cli/cli.ts";
import { type CliIo, processIo, type ReloadAnswer } from "../cli/io.ts";
import type { FromProgram, SignalName, ToProgram } from "./messages.ts";
import { thisWorker } from "./this_worker.ts";

const worker = thisWorker<ToProgram, FromProgram>();
const handlers = new Map<SignalName, () => void>();
/** Responses arrive in the order of the requests. */
const waiting: ((answer: ReloadAnswer) => void)[] = [];

function ioOf({ build, isLasting }: ToProgram & { readonly kind: "begin" }): CliIo {
  return {
    ...processIo((code) => worker.postMessage({ kind: "exit", code })),
    build,
    onSignal: (signal, handler) => {
      handlers.set(signal, handler);
      worker.postMessage({ kind: "listen", signal, isOn: true });
      return () => {
        handlers.delete(signal);
        worker.postMessage({ kind: "listen", signal, isOn: false });
      };
    },
    ...(isLasting ? { supervisor: { askReload } } : {}),
  };
}

function askReload(): Promise<ReloadAnswer> {
  worker.postMessage({ kind: "reload" });
  return new Promise((resolve) => void waiting.push(resolve));
}

worker.onmessage = ({ data }): void => {
  switch (data.kind) {
    case "begin":
      runCli(data.args, ioOf(data)).then((code) => worker.postMessage({ kind: "exit", code }));
      return;
    case "signal":
      return handlers.get(data.signal)?.();
    case "reload-answer":
      return waiting.shift()?.(data.answer);
    default:
      return data satisfies never;
  }
};
worker.postMessage({ kind: "ready" });
