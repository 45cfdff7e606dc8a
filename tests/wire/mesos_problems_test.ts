// Bad input in place of a Mesos master through the whole program: one clear line each, nothing launched or killed because
// of it, and on it goes when it passes.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { endProgram, type Program, programFolder } from "../support/program.ts";
import { until } from "../support/scaled_clock.ts";

interface LogLine {
  readonly level: string;
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
}

/** What answers on the port of `mesos-master`. */
type Mode = "refuse" | "silent" | "through" | { readonly answer: string };

/** A port of which the test decides what is behind it. */
interface Door {
  readonly port: number;
  set(mode: Mode): void;
  close(): Promise<void>;
}

function openDoor(behindPort: number): Door {
  let mode: Mode = "refuse";
  let listener: Deno.TcpListener | undefined = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const open = new Set<Deno.TcpConn>();
  const work = new Set<Promise<void>>();
  const drop = (connection: Deno.TcpConn): void => {
    if (!open.delete(connection)) return;
    connection.close();
  };
  const forward = async (client: Deno.TcpConn): Promise<void> => {
    const master = await Deno.connect({ hostname: "127.0.0.1", port: behindPort });
    open.add(master);
    const copy = async (from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> => {
      try {
        const buffer = new Uint8Array(65_536);
        for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
          for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
        }
      } catch {
        // One of the two has gone: the other goes, too.
      }
      drop(from);
      drop(to);
    };
    await Promise.all([copy(client, master), copy(master, client)]);
  };
  const serve = async (client: Deno.TcpConn): Promise<void> => {
    if (mode === "through") return await forward(client);
    if (typeof mode !== "object") return;
    await client.read(new Uint8Array(65_536)).catch(() => null);
    await client.write(new TextEncoder().encode(mode.answer)).catch(() => 0);
    drop(client);
  };
  const watch = (work_: Promise<void>): void => {
    const watched = work_.catch(() => {}).finally(() => work.delete(watched));
    work.add(watched);
  };
  const accept = async (from: Deno.TcpListener): Promise<void> => {
    for await (const client of from) {
      open.add(client);
      watch(serve(client));
    }
  };
  const dropAll = (): void => {
    for (const connection of [...open]) drop(connection);
  };
  const shut = (): void => {
    listener?.close();
    listener = undefined;
    dropAll();
  };
  shut();
  return {
    port,
    set: (next) => {
      mode = next;
      if (next === "refuse") return shut();
      dropAll();
      if (listener !== undefined) return;
      listener = Deno.listen({ hostname: "127.0.0.1", port });
      watch(accept(listener));
    },
    close: async () => {
      shut();
      await Promise.all([...work]);
    },
  };
}

function http(status: string, type: string, body: string): Mode {
  return {
    answer: `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  };
}

interface Trouble {
  readonly name: string;
  readonly mode: Mode;
  readonly code: string;
  readonly says: RegExp;
  readonly todo: RegExp;
  /** How long it lasts, ms; default 20,000. */
  readonly forMs?: number;
}

const page = "<!DOCTYPE html><html><body>It works!</body></html>";

const troubles: readonly Trouble[] = [
  {
    name: "nobody listens",
    mode: "refuse",
    code: "mesos-unreachable",
    says: /connection was refused/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "a web page",
    mode: http("200 OK", "text/html", page),
    code: "mesos-not-a-master",
    says: /200/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "another server's 404",
    mode: http("404 Not Found", "application/json", "{}"),
    code: "mesos-not-a-master",
    says: /404/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "a server that speaks no HTTP",
    mode: { answer: "SSH-2.0-OpenSSH_9.2\r\n" },
    code: "mesos-unreachable",
    says: /./,
    todo: /mesos-master/,
  },
  {
    name: "a recovering master",
    mode: http("503 Service Unavailable", "text/plain", "Master has not finished recovery"),
    code: "mesos-no-leader",
    says: /503.*recovery/,
    todo: /tried again by itself/,
  },
  {
    name: "a master that is silent",
    mode: "silent",
    code: "mesos-unreachable",
    says: /./,
    todo: /./,
    forMs: 60_000,
  },
];

function bad(program: Program, from: number): readonly LogLine[] {
  return program.lines.slice(from).map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line.level === "error" || (line.level === "warning" && line.code !== undefined));
}

async function endure(cluster: Cluster, program: Program, door: Door): Promise<void> {
  for (const trouble of troubles) {
    const from = program.lines.length;
    door.set(trouble.mode);
    await cluster.clock.sleep(trouble.forMs ?? 20_000, new AbortController().signal);
    const told = bad(program, from).filter((line) => line.code === trouble.code);
    const all = `${trouble.name}:\n${JSON.stringify(bad(program, from), undefined, 2)}`;
    assertEquals(told.length, 1, all);
    assert(bad(program, from).length <= 2, all);
    assertMatch(told[0]?.message ?? "", trouble.says, all);
    assertMatch(told[0]?.hint ?? "", trouble.todo, all);
    const at = program.lines.length;
    door.set("through");
    await program.line("subscribed to the Mesos master", at);
    // A session that has held makes the next outage a new one.
    await cluster.clock.sleep(35_000, new AbortController().signal);
  }
}

Deno.test("whatever stands in place of a master is one clear line, launches and kills nothing, and passes", async () => {
  const cluster = startCluster({ speed: 20 });
  const door = openDoor(cluster.mesosHttp.port);
  const folder = programFolder(cluster);
  const text = cluster.configText(`state.path = "s.db", log.format = "json"`)
    .replace(`:${cluster.mesosHttp.port}"`, `:${door.port}"`);
  const program = folder.start(text);
  try {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "long", gocdResources: [], durationMs: 3_600_000 });
    await program.line("starts: GoCD server");
    await endure(cluster, program, door);
    await until(() => {
      cluster.advance();
      return cluster.gocd.jobs().some((job) => job.state === "Building");
    }, () => program.lines.slice(-20).join("\n"));
    assertEquals(cluster.launches.size, 1);
    assertEquals(cluster.running.size, 1);
    assertEquals(cluster.mesos.view().frameworks.length, 1, "it stays the same framework");
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    // Garbage in every stream from the third record on, for two minutes.
    const from = program.lines.length;
    cluster.mesosHttp.setFaults({ garbageAtRecord: 2 });
    cluster.mesos.cutStreams(cluster.clock.nowMs());
    cluster.mesosHttp.poke();
    await cluster.clock.sleep(120_000, new AbortController().signal);
    const lines = program.lines.slice(from);
    assert(lines.length <= 12, `no flood:\n${lines.join("\n")}`);
    assert(bad(program, from).some((line) => /length|record/i.test(line.message)), lines.join("\n"));
    cluster.mesosHttp.setFaults({});
    await program.line("holds again", from);
    assertEquals(cluster.running.size, 1, "nothing was killed because of it");
    assertEquals(cluster.launches.size, 1);
  } finally {
    await endProgram(program);
    await door.close();
    folder.remove();
    await cluster.close();
  }
});
