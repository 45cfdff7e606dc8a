// One worker process of `deno task mutants`, as seen from the parent: starts it, sends it requests, kills it when a
// test hangs.

import { linePrefix, type WorkerLine, type WorkerOrder } from "./mutants_worker.ts";

/** Where the copy of the tree is, and its test files as paths in it. */
export interface Copy {
  readonly folder: string;
  readonly testFiles: readonly string[];
}

/** A tests' heap; a mutant that grows without end is ended here and not by the machine. */
const heapMb = 1_024;
/** The path of the worker's program in the copy. */
const workerFile = "mutants_worker.ts";

/** Puts the worker's program into a copy of the tree, so that it and the tests share the packages of its deno.json. */
export function placeWorker(folder: string): void {
  Deno.copyFileSync(new URL("./mutants_worker.ts", import.meta.url), `${folder}/${workerFile}`);
}

/** The process has exited, or was ended because it was silent for too long. */
export class WorkerEnded extends Error {
  override readonly name = "WorkerEnded";
  readonly isTimeout: boolean;

  constructor(isTimeout: boolean, detail: string) {
    super(isTimeout ? "took too long" : `the process ended: ${detail}`);
    this.isTimeout = isTimeout;
  }
}

/** A running worker. */
export interface WorkerProcess {
  /** The mutant that is active from the start; "" for none. */
  readonly mutant: string;
  order(order: WorkerOrder): Promise<void>;
  /** The next thing that it says, within a time; throws WorkerEnded. */
  next(limitMs: number): Promise<WorkerLine>;
  end(): Promise<void>;
}

/** Starts a worker with a mutant that is active from the start, or none (""). */
export function startWorker(copy: Copy, mutant: string): WorkerProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "--no-check", `--v8-flags=--max-old-space-size=${heapMb}`],
      ...[workerFile, mutant, ...copy.testFiles],
    ],
    cwd: copy.folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const said = new Response(child.stderr).text();
  const end = async (): Promise<void> => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await child.status;
    await input.abort().catch(() => {});
    await lines.return(undefined);
  };
  return {
    mutant,
    order: (order) => input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`)).catch(() => {}),
    async next(limitMs): Promise<WorkerLine> {
      let isTimeout = false;
      const timer = setTimeout(() => {
        isTimeout = true;
        child.kill("SIGKILL");
      }, limitMs);
      try {
        const { value, done } = await lines.next();
        if (done !== true) return value;
      } finally {
        clearTimeout(timer);
      }
      const { code } = await child.status;
      throw new WorkerEnded(isTimeout, `code ${code}: ${(await said).trim().slice(-300)}`);
    },
    end,
  };
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<WorkerLine, void, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const part of output) {
    const parts = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      if (line.startsWith(linePrefix)) yield JSON.parse(line.slice(linePrefix.length)) as WorkerLine;
    }
  }
}
