// The program of the soak as a process: its configuration, its log, and what the kernel reports about it.

import { loadConfig } from "../src/config/load.ts";
import { runFlags } from "./flags.ts";
import { autoRegisterKey } from "./soak_cluster.ts";

/** What a program is started with. */
export interface ProgramOrder {
  readonly mesosPort: number;
  readonly gocdUrl: string;
  readonly instances: number;
  readonly pollSeconds: number;
  /** Keeps the whole log. */
  readonly logPath: string | undefined;
  /** `host:port` of V8's inspector. */
  readonly inspect: string | undefined;
  /** A compiled program; undefined: `main.ts` is run, with the rights that `deno task start` gives. */
  readonly executable: string | undefined;
  /** Called with each line of its log as it comes. */
  readonly onLine?: (line: string) => void;
}

/** The program as a process. */
export interface Program {
  readonly url: string;
  readonly pid: number;
  readonly log: { lines: number; bytes: number };
  /** The last lines of its log. */
  readonly lastLines: readonly string[];
  isOver(): boolean;
  /** SIGTERM, and the exit code that comes of it. */
  stop(): Promise<number>;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts the program in its own folder. */
export function startProgram(folder: string, order: ProgramOrder): Program {
  const port = freePort();
  const path = `${folder}/framework.conf`;
  Deno.writeTextFileSync(path, configText(order, port));
  const [command, ...args] = commandOf(path, order);
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const log = { lines: 0, bytes: 0 };
  const lastLines: string[] = [];
  const reading = readLog(child.stderr, order.logPath, (line) => {
    log.lines++;
    log.bytes += line.length + 1;
    order.onLine?.(line);
    lastLines.push(line);
    if (lastLines.length > 20) lastLines.shift();
  });
  let isOver = false;
  child.status.then(() => isOver = true);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    log,
    lastLines,
    isOver: () => isOver,
    stop: async () => {
      if (!isOver) child.kill("SIGTERM");
      const { code } = await child.status;
      await reading;
      return code;
    },
  };
}

function commandOf(path: string, { executable, inspect }: ProgramOrder): readonly [string, ...string[]] {
  if (executable !== undefined) return [executable, "start", path];
  const file = (relative: string): string => decodeURIComponent(new URL(relative, import.meta.url).pathname);
  const inspecting = inspect === undefined ? [] : [`--inspect=${inspect}`];
  const flags = [...inspecting, ...runFlags(loadConfig(path, {}))];
  const config = `--config=${file("../deno.json")}`;
  return [Deno.execPath(), "run", "--quiet", config, ...flags, file("../main.ts"), "start", path];
}

async function readLog(
  stream: ReadableStream<Uint8Array>,
  path: string | undefined,
  take: (line: string) => void,
): Promise<void> {
  using file = path === undefined ? undefined : Deno.openSync(path, { write: true, create: true, truncate: true });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    file?.writeSync(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
}

function configText(order: ProgramOrder, port: number): string {
  return `gocd-mesos {
  mesos-master: "127.0.0.1:${order.mesosPort}"
  go-server { url = "${order.gocdUrl}" }
  go-agent { auto-register-key: "${autoRegisterKey}", docker-image: "gocd/gocd-agent:soak", mem = 512 MB }
  profiles {
    linux { resources = ["linux", "java"] }
    browser { resources = ["linux", "chrome"] }
    any { resources = "*" }
  }
  poller { interval = ${order.pollSeconds} s, attempts = 0, max-interval = ${order.pollSeconds} s }
  scaling { max-agents = ${order.instances} }
  http { listen = "127.0.0.1:${port}" }
}
`;
}

/** Resident memory of a process in bytes; nothing without /proc. */
export function residentOf(pid: number): number | undefined {
  const kb = procText(`${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  return kb === undefined ? undefined : Number(kb) * 1024;
}

/** The most that a process has ever held of memory, in bytes. */
export function peakOf(pid: number): number | undefined {
  const kb = procText(`${pid}/status`)?.match(/^VmHWM:\s+(\d+) kB$/m)?.[1];
  return kb === undefined ? undefined : Number(kb) * 1024;
}

/** User and system time of a process in s (proc(5): fields 14 and 15 of stat, in hundredths of a second). */
export function cpuSecondsOf(pid: number): number | undefined {
  const fields = procText(`${pid}/stat`)?.replace(/^.*\) /s, "").split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100;
}

/** How long the program's main thread could run and had no processor, s (kernel: sched-stats, second field, in ns). */
export function queuedSecondsOf(pid: number): number | undefined {
  const field = procText(`${pid}/schedstat`)?.split(" ")[1];
  return field === undefined ? undefined : Number(field) / 1e9;
}

function procText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}
