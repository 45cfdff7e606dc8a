// Invalid responses of the GoCD server through the whole program: a few lines with hints, no agent launched or killed
// because of them, and operation resumes afterwards.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SimFaultKind } from "../../src/sim/gocd/faults.ts";
import { type Cluster, clusterNames, startVirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, virtualProgramFolder } from "../support/program.ts";

interface LogLine {
  readonly level: string;
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
}

interface Scene {
  readonly cluster: Cluster;
  readonly program: Program;
}

/** Something that goes wrong with the server for a while. */
interface Trouble {
  readonly name: string;
  readonly code: string;
  /** What the message and the hint say. */
  readonly says: RegExp;
  readonly todo: RegExp;
  begin(cluster: Cluster): void | Promise<void>;
  end(cluster: Cluster): void | Promise<void>;
}

const users = [{ name: clusterNames.userName, password: clusterNames.password, admin: true }];

function fault(trouble: Omit<Trouble, "begin" | "end">, kind: SimFaultKind, path?: string): Trouble {
  return {
    ...trouble,
    begin: ({ gocd }) => gocd.inject(kind, 1_000_000, path),
    end: ({ gocd }) => gocd.clearFaults(),
  };
}

const troubles: readonly Trouble[] = [
  fault(
    {
      name: "a login page with 200",
      code: "gocd-login-page",
      says: /200: not GoCD, .*"Sign in"/,
      todo: /go-server\.url/,
    },
    { kind: "login-page", style: "html-200" },
  ),
  fault(
    { name: "a redirect to a login page", code: "gocd-login-page", says: /302 .*login/, todo: /single sign-on/ },
    { kind: "login-page", style: "redirect-302" },
  ),
  fault(
    {
      name: "a feed cut in the middle",
      code: "gocd-truncated",
      says: /scheduled\.xml .*truncated body/,
      todo: /proxy/,
    },
    { kind: "truncated" },
    "scheduled.xml",
  ),
  fault(
    {
      name: "a list of agents cut in the middle",
      code: "gocd-not-json",
      says: /agents .*truncated/,
      todo: /go-server\.url/,
    },
    { kind: "truncated" },
    "/api/agents",
  ),
  fault(
    { name: "503 while it starts", code: "gocd-starting", says: /503.*starting/, todo: /nothing to do/ },
    { kind: "starting" },
  ),
  fault({ name: "503 of a backup", code: "gocd-backup", says: /503/, todo: /nothing to do.*backed up/ }, {
    kind: "backup",
  }),
  fault(
    { name: "503 of a proxy", code: "gocd-unavailable", says: /503/, todo: /proxy is not ready/ },
    { kind: "status", status: 503 },
  ),
  fault(
    { name: "a broken connection", code: "gocd-connection-lost", says: /broke/, todo: /restarts of GoCD or a proxy/ },
    { kind: "cut" },
  ),
  fault(
    { name: "no answer", code: "gocd-connection-lost", says: /broke/, todo: /restarts of GoCD or a proxy/ },
    { kind: "no-answer" },
  ),
  {
    name: "a wrong password",
    code: "gocd-bad-credentials",
    says: /401/,
    todo: /go-server\.user-name and go-server\.password/,
    begin: ({ gocd }) => gocd.setSecurity({ kind: "on", users: [{ name: "other", password: "x", admin: true }] }),
    end: ({ gocd }) => gocd.setSecurity({ kind: "on", users }),
  },
  {
    name: "a server without security",
    code: "gocd-credentials-not-wanted",
    says: /401.*not required/,
    todo: /remove go-server\.user-name/,
    begin: ({ gocd }) => gocd.setSecurity({ kind: "off" }),
    end: ({ gocd }) => gocd.setSecurity({ kind: "on", users }),
  },
  {
    name: "a refused connection",
    code: "gocd-connection-refused",
    says: /connection was refused/,
    todo: /host and port in go-server/,
    begin: ({ gocdHttp }) => gocdHttp.pause(),
    end: ({ gocdHttp }) => gocdHttp.resume(),
  },
];

function linesFrom({ program }: Scene, from: number): readonly LogLine[] {
  return program.lines.slice(from).map((line) => JSON.parse(line) as LogLine);
}

function bad(lines: readonly LogLine[]): readonly LogLine[] {
  return lines.filter((line) => line.level === "error" || line.level === "warning");
}

/**
 * A running build of ours, whose agent must not be affected by any problem, and a job that cannot be served in the
 * meantime.
 */
async function startBuild({ cluster, program }: Scene): Promise<string> {
  const locator = cluster.gocd.schedule({
    pipeline: "p",
    stage: "s",
    job: "long\u001b[31m",
    gocdResources: [],
    durationMs: 3_600_000,
  });
  // Words that no release has yet.
  cluster.gocd.addAgent({ uuid: "odd", hostname: "odd", configState: "Frobbed" as "Enabled", hasProcess: false });
  await cluster.until(
    () => cluster.gocd.jobs().some((job) => job.locator === locator && job.state === "Building"),
    () => program.lines.join("\n"),
  );
  return locator;
}

async function endure(scene: Scene, trouble: Trouble): Promise<void> {
  const { cluster, program } = scene;
  const from = program.lines.length;
  const pollsBefore = cluster.gocd.tally.requests.get("agents.list");
  await trouble.begin(cluster);
  // Three tries or more: their pauses are 2.5 to 7.5 seconds.
  await cluster.pass(35_000);
  const told = bad(linesFrom(scene, from));
  assertEquals(told.map((line) => line.code), [trouble.code], `one line:\n${JSON.stringify(told, undefined, 2)}`);
  assertMatch(told[0]?.message ?? "", trouble.says);
  assertMatch(told[0]?.hint ?? "", trouble.todo);
  const at = program.lines.length;
  await trouble.end(cluster);
  await program.line("answers again", at);
  assert((cluster.gocd.tally.requests.get("agents.list") ?? 0) > (pollsBefore ?? 0));
}

Deno.test("each problem of GoCD is reported in one line with a hint, launches and kills no agent, and is temporary", async () => {
  const cluster = startVirtualServers();
  const folder = virtualProgramFolder(cluster);
  const program = folder.start(cluster.configText(`state.path = "s.db", log.format = "json"`));
  const scene = { cluster, program };
  try {
    const locator = await startBuild(scene);
    const changesBefore = cluster.gocd.tally.changes.length;
    for (const trouble of troubles) await endure(scene, trouble);
    assertEquals(cluster.launches.size, 1, "nothing was launched because of it");
    assertEquals(cluster.running.size, 1, "nothing was killed because of it");
    assertEquals(cluster.gocd.tally.changes.length, changesBefore, "no record was changed because of it");
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    assert(cluster.gocd.jobs().some((job) => job.locator === locator && job.state === "Building"));
    assertEquals(program.lines.filter((line) => line.includes(clusterNames.password)), []);
    const next = cluster.gocd.schedule({ pipeline: "q", stage: "s", job: "j", gocdResources: [], durationMs: 5_000 });
    await cluster.until(() => {
      cluster.advance();
      return cluster.gocd.tally.completedLocators.has(next);
    }, () => program.lines.slice(-20).join("\n"));
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
});
