// Starts the measuring master and a client, and executes runs. The comparison: mesos_rate_bench.ts.

import type { Layout, MasterOrder, MasterReport } from "./mesos_rate_master.ts";

/** Who is measured. */
export type ClientName = "ours" | "plain";
/** What is sent. */
export interface RunPlan {
  readonly updates: number;
  readonly layout?: Layout;
  /** The text in each update; default in ASCII. */
  readonly message?: string;
  /** A silence of this length ends a run that is not complete; default 5,000. */
  readonly waitMs?: number;
}
/** What came of it. */
export interface RunOutcome {
  readonly ms: number;
  /** Updates acknowledged, each counted once. */
  readonly acknowledged: number;
  /** Of the client's process during the run, if the system reports it (Linux). */
  readonly cpuMs: number | undefined;
}

/** A client and its master. */
export interface Bout {
  /** Lays the updates ready; outside of what is measured. */
  prepare(plan: RunPlan): Promise<void>;
  /** Sends what was laid ready and waits for the last acknowledgement. */
  go(plan: RunPlan): Promise<RunOutcome>;
  close(): Promise<void>;
}

/** Tasks of both clients. */
export const tasksCount = 200;
const startMs = 60_000;

/** Starts both; resolves when the client has subscribed. */
export async function startBout(name: ClientName): Promise<Bout> {
  const worker = new Worker(new URL("./mesos_rate_master.ts", import.meta.url), { type: "module" });
  const reports: MasterReport[] = [];
  let wake = (): void => {};
  worker.onmessage = ({ data }: MessageEvent<MasterReport>): void => {
    reports.push(data);
    wake();
  };
  const told = async <Kind extends MasterReport["kind"]>(
    kind: Kind,
    limitMs = startMs,
  ): Promise<Extract<MasterReport, { readonly kind: Kind }>> => {
    const endMs = performance.now() + limitMs;
    for (let report = reports.shift();; report = reports.shift()) {
      if (report?.kind === kind) return report as Extract<MasterReport, { readonly kind: Kind }>;
      if (report !== undefined) continue;
      if (performance.now() > endMs) throw new Error(`${name}: no '${kind}' within ${limitMs / 1_000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const order = (given: MasterOrder): void => worker.postMessage(given);
  const { port } = await told("listening");
  const folder = Deno.makeTempDirSync();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      clientFile(name),
      String(port),
      String(tasksCount),
      folder,
    ],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  }).spawn();
  await told("subscribed");
  return {
    async prepare({ updates, message = "container runs" }): Promise<void> {
      order({ kind: "prepare", updates, tasks: tasksCount, message });
      await told("prepared");
    },
    async go({ layout = "one each", waitMs = 5_000 }): Promise<RunOutcome> {
      const before = cpuMsOf(child.pid);
      order({ kind: "go", layout, waitMs });
      const { ms, acknowledged } = await told("done", 300_000);
      const after = cpuMsOf(child.pid);
      return { ms, acknowledged, cpuMs: before === undefined || after === undefined ? undefined : after - before };
    },
    async close(): Promise<void> {
      child.kill("SIGKILL");
      await child.status;
      worker.terminate();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

function clientFile(name: ClientName): string {
  return pathOf(`mesos_rate_${name}.ts`);
}

function pathOf(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

/** User and system time so far, all threads; proc(5), in ticks of 10 ms. */
function cpuMsOf(pid: number): number | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}
