// The main thread of a sandbox: it determines which permissions the program needs, starts it in a Worker with those,
// and forwards signals, exit codes and reloads. It has the permissions of the process, so it loads no package and opens
// no connection: see docs/decisions/0085.

import type { Build } from "../cli/build.ts";
import type { ReloadAnswer } from "../cli/io.ts";
import { listenTrouble } from "../listen_trouble.ts";
import { writeToStderr } from "../log/stderr.ts";
import type { FromProgram, FromReader, SignalName, ToProgram, ToReader } from "./messages.ts";
import type { Needs } from "./needs.ts";

/** The exit code of a bug. */
const internalCode = 1;

/** What is run. */
export interface Run {
  readonly args: readonly string[];
  readonly build: Build;
  /** The module of the Worker, which talks as program.ts does. */
  readonly program: URL;
}

/** Runs a command line in a Worker with exactly the permissions that it needs. Returns the exit code. */
export async function supervise(run: Run): Promise<number> {
  const { args } = run;
  // No file can name code to import.
  Deno.permissions.revokeSync({ name: "import" });
  const first = await readNeeds(args);
  if (first.kind === "failed") {
    for (const line of first.lines) writeToStderr(line);
    return first.code;
  }
  const signals = createSignals();
  for (let needs: Needs | undefined = first;;) {
    const end: End = await runProgram(needs, run, signals);
    if (end.next === undefined || signals.mustStop()) return end.code;
    needs = end.next;
  }
}

/** How a Worker has ended, and the permissions of the next one. */
interface End {
  readonly code: number;
  readonly next?: Needs;
}

function runProgram(needs: Needs, { args, build, program }: Run, signals: Signals): Promise<End> {
  // The program takes a while to load; people and service managers see at once that it starts.
  if (needs.startLine !== undefined) writeToStderr(needs.startLine);
  const worker = startWorker(program, permissionsOf(needs));
  const post = (message: ToProgram): void => worker.postMessage(message);
  let next: Needs | undefined;
  return new Promise((resolve) => {
    const end = (code: number): void => {
      worker.terminate();
      resolve({ code, ...(next === undefined || code !== 0 ? {} : { next }) });
    };
    // Deno has reported the cause.
    worker.onerror = (event): void => (event.preventDefault(), end(internalCode));
    worker.onmessage = ({ data }: MessageEvent<FromProgram>): void => {
      switch (data.kind) {
        case "ready":
          if (!needs.isLasting) giveUpRights();
          return post({ kind: "begin", args, build, isLasting: needs.isLasting });
        case "listen":
          if (data.isOn) return signals.listen(data.signal, (signal) => post({ kind: "signal", signal }));
          // Between two runs the signals of the operator are kept.
          return next === undefined ? signals.ignore(data.signal) : signals.hold(data.signal);
        case "reload":
          readNeeds(args).then((found) => {
            const answer = next === undefined ? answerOf(needs, found) : { kind: "apply" } as const;
            if (answer.kind === "restart" && found.kind === "needs") next = found;
            post({ kind: "reload-answer", answer });
          });
          return;
        case "exit":
          return end(data.code);
        default:
          return data satisfies never;
      }
    };
  });
}

/** For a command that ends on its own, they are no longer needed. */
function giveUpRights(): void {
  for (const name of ["net", "read", "write", "env", "sys"] as const) Deno.permissions.revokeSync({ name });
}

/** The effect of a changed file on a program that runs with the permissions `now`. */
export function answerOf(now: Needs, found: FromReader): ReloadAnswer {
  if (found.kind === "failed") return { kind: "refused", message: found.message, hint: found.hint, warnings: [] };
  if (found.problem !== undefined) return { kind: "refused", ...found.problem };
  const changes = changesOf(now, found);
  if (found.state !== now.state) {
    // The permissions of a state depend on its place, and the state has one writer until the program ends.
    if (!changes.some((change) => change.startsWith("net "))) return { kind: "apply" };
    const message = "state.path changes together with hosts, and only a restart changes the state";
    return { kind: "refused", message, hint: "restart gocd-mesos, or leave state.path as it was", warnings: [] };
  }
  if (changes.length === 0) return { kind: "apply" };
  return listenProblem(now, found) ?? { kind: "restart", changes };
}

/** It can only be tried here: the program may still listen at the old address. */
function listenProblem({ listen: old }: Needs, { listen }: Needs): ReloadAnswer | undefined {
  if (listen === undefined || listen.host === old?.host && listen.port === old.port) return undefined;
  try {
    Deno.listen({ hostname: listen.host, port: listen.port }).close();
    return undefined;
  } catch (error) {
    const { message, hint } = listenTrouble(listen, error);
    return { kind: "refused", message, hint, warnings: [] };
  }
}

const rightsKinds = ["net", "read", "write", "env"] as const;

function changesOf(now: Needs, next: Needs): readonly string[] {
  const [from, to] = [now, next].map(({ rights, isAnyHost }) => ({ ...rights, net: isAnyHost ? ["*"] : rights.net }));
  return rightsKinds.flatMap((kind) => {
    const [had, has] = [from?.[kind] ?? [], to?.[kind] ?? []];
    return [
      ...has.filter((each) => !had.includes(each)).map((each) => `${kind} +${each}`),
      ...had.filter((each) => !has.includes(each)).map((each) => `${kind} -${each}`),
    ];
  });
}

/** May read everything, because the file may name any other, but has no network access. */
async function readNeeds(args: readonly string[]): Promise<FromReader> {
  const worker = startWorker(new URL("reader.ts", import.meta.url), {
    ...noPermissions,
    read: true,
    env: true,
    sys: ["uid"],
  });
  try {
    return await new Promise((resolve, reject) => {
      worker.onerror = (event): void => (event.preventDefault(), reject(new Error(event.message)));
      worker.onmessage = ({ data }: MessageEvent<FromReader>): void => resolve(data);
      worker.postMessage({ args } satisfies ToReader);
    });
  } finally {
    worker.terminate();
  }
}

const noPermissions = {
  net: false,
  read: false,
  write: false,
  env: false,
  sys: false,
  run: false,
  ffi: false,
  import: false,
} as const;

function permissionsOf({ rights, isAnyHost }: Needs): Deno.PermissionOptionsObject {
  const listed = (values: readonly string[]): string[] | false => values.length === 0 ? false : [...values];
  return {
    ...noPermissions,
    net: isAnyHost ? true : listed(rights.net),
    read: listed(rights.read),
    write: listed(rights.write),
    env: listed(rights.env),
    // Whose a control file or a state may be (store/state_path.ts), and the name that Mesos shows
    // (runtime/identity.ts).
    sys: ["uid", "hostname"],
  };
}

function startWorker(module: URL, permissions: Deno.PermissionOptionsObject): Worker {
  return new Worker(module, { type: "module", deno: { permissions } } as WorkerOptions);
}

/** The signals of the operator, and their receivers. */
interface Signals {
  listen(signal: SignalName, tell: (signal: SignalName) => void): void;
  /** The default action of the system applies. */
  ignore(signal: SignalName): void;
  /** It is kept for the next listener. */
  hold(signal: SignalName): void;
  /** Whether one that is kept means to stop. */
  mustStop(): boolean;
}

function createSignals(): Signals {
  const listeners = new Map<SignalName, () => void>();
  const tellers = new Map<SignalName, (signal: SignalName) => void>();
  const held = new Set<SignalName>();
  return {
    listen: (signal, tell) => {
      tellers.set(signal, tell);
      if (held.delete(signal)) tell(signal);
      if (listeners.has(signal)) return;
      const listener = (): void => {
        const teller = tellers.get(signal);
        if (teller === undefined) held.add(signal);
        else teller(signal);
      };
      listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    },
    ignore: (signal) => {
      const listener = listeners.get(signal);
      if (listener !== undefined) Deno.removeSignalListener(signal, listener);
      listeners.delete(signal);
      tellers.delete(signal);
    },
    hold: (signal) => void tellers.delete(signal),
    mustStop: () => held.has("SIGTERM") || held.has("SIGINT"),
  };
}
