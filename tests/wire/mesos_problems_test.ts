// Other servers in place of a Mesos master through the whole program: one line each, no agent launched or killed
// because of it, and operation resumes afterwards.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, virtualProgramFolder } from "../support/program.ts";

interface LogLine {
  readonly level: string;
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
}

/** What answers on the port of `mesos-master`. */
type Mode = "refuse" | "silent" | "through" | (() => Promise<Response>);

/** A port of which the test decides what is behind it. */
interface Door {
  readonly port: number;
  set(mode: Mode): void;
}

function openDoor({ network, mesosHttp }: VirtualServers): Door {
  let mode: Mode = "refuse";
  /** Ends the connections of now. */
  let open = new AbortController();
  const serve = async (request: Request): Promise<Response> => {
    const { signal } = open;
    if (typeof mode === "function") return await mode();
    if (mode === "silent") return await new Promise<never>((_, reject) => signal.addEventListener("abort", reject));
    const url = new URL(request.url);
    url.port = String(mesosHttp.port);
    const body = await request.arrayBuffer();
    return await network.fetch(url.href, {
      method: request.method,
      headers: request.headers,
      signal,
      ...(body.byteLength > 0 ? { body } : {}),
    });
  };
  const first = network.listen({ hostname: "127.0.0.1", port: 0 }, serve);
  const { port } = first;
  void first.shutdown();
  return {
    port,
    set: (next) => {
      open.abort();
      open = new AbortController();
      if (mode === "refuse" && next !== "refuse") network.listen({ hostname: "127.0.0.1", port }, serve);
      if (next === "refuse") network.close(port);
      mode = next;
    },
  };
}

function http(status: number, type: string, body: string): Mode {
  return () => Promise.resolve(new Response(body, { status, headers: { "content-type": type } }));
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
    name: "no listener",
    mode: "refuse",
    code: "mesos-unreachable",
    says: /connection was refused/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "a web page",
    mode: http(200, "text/html", page),
    code: "mesos-not-a-master",
    says: /200/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "another server's 404",
    mode: http(404, "application/json", "{}"),
    code: "mesos-not-a-master",
    says: /404/,
    todo: /host and port in mesos-master/,
  },
  {
    name: "a server that speaks no HTTP",
    // The words of Deno's fetch, held against a socket in tests/mesos/leader_test.ts.
    mode: () => Promise.reject(new TypeError("client error (SendRequest): invalid HTTP version parsed")),
    code: "mesos-unreachable",
    says: /./,
    todo: /mesos-master/,
  },
  {
    name: "a recovering master",
    mode: http(503, "text/plain", "Master has not finished recovery"),
    code: "mesos-no-leader",
    says: /503.*recovery/,
    todo: /see the masters' logs/,
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

async function endure(cluster: VirtualServers, program: Program, door: Door): Promise<void> {
  for (const trouble of troubles) {
    const from = program.lines.length;
    door.set(trouble.mode);
    await cluster.pass(trouble.forMs ?? 20_000);
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
    await cluster.pass(35_000);
  }
}

Deno.test("each other server in place of a master is reported in one line, launches and kills no agent, and is temporary", async () => {
  const cluster = startVirtualServers();
  const door = openDoor(cluster);
  const folder = virtualProgramFolder(cluster);
  const text = cluster.configText(`state.path = "s.db", log.format = "json"`)
    .replace(`:${cluster.mesosHttp.port}"`, `:${door.port}"`);
  const program = folder.start(text);
  try {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "long", gocdResources: [], durationMs: 3_600_000 });
    await program.line("starts: GoCD server");
    await endure(cluster, program, door);
    await cluster.until(
      () => cluster.gocd.jobs().some((job) => job.state === "Building"),
      () => program.lines.slice(-20).join("\n"),
    );
    assertEquals(cluster.launches.size, 1);
    assertEquals(cluster.running.size, 1);
    assertEquals(cluster.mesos.view().frameworks.length, 1, "it stays the same framework");
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    // Garbage in every stream from the third record on, for two minutes.
    const from = program.lines.length;
    cluster.mesosHttp.setFaults({ garbageAtRecord: 2 });
    cluster.mesos.cutStreams(cluster.clock.nowMs());
    cluster.mesosHttp.poke();
    await cluster.pass(120_000);
    const lines = program.lines.slice(from);
    assert(lines.length <= 12, `no flood:\n${lines.join("\n")}`);
    assert(bad(program, from).some((line) => /length|record/i.test(line.message)), lines.join("\n"));
    cluster.mesosHttp.setFaults({});
    await program.line("is stable again", from);
    assertEquals(cluster.running.size, 1, "nothing was killed because of it");
    assertEquals(cluster.launches.size, 1);
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
});
