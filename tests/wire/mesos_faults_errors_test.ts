// Errors that end a subscription permanently or until an operator acts: the whole program on virtual time, against the
// strict master. Temporary faults: the other mesos_faults_* files.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { openStoreForReading } from "../../src/store/sqlite_reader.ts";
import { clusterNames, type ClusterOptions, startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, type ProgramFolder, terminalOn, virtualProgramFolder } from "../support/program.ts";

interface Scene {
  readonly cluster: VirtualServers;
  readonly folder: ProgramFolder;
  readonly program: Program;
  readonly text: (more?: string) => string;
}

const common =
  `state.path = "state.db", poller { interval = 5 seconds, attempts = 0 }, scaling.idle-timeout = 30 minutes`;

async function withProgram(
  options: ClusterOptions & { readonly more?: string },
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const cluster = startVirtualServers({ bootDelayMs: 4_000, ...options });
  const folder = virtualProgramFolder(cluster);
  const text = (more = ""): string => cluster.configText(`${common}\n${more}`);
  const program = folder.start(text(options.more));
  try {
    await act({ cluster, folder, program, text });
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

async function building(cluster: VirtualServers, count: number, program: Program): Promise<void> {
  await cluster.until(
    () => cluster.gocd.jobs().filter((job) => job.state === "Building").length === count,
    () => program.lines.slice(-15).join("\n"),
  );
}

function lines(program: Program, pattern: RegExp): readonly string[] {
  return program.lines.filter((line) => pattern.test(line));
}

/** A command of the program. */
async function command(
  cluster: VirtualServers,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  const terminal = terminalOn(cluster);
  const code = await cluster.during(runCli(args, terminal.io));
  return { code, out: terminal.written(code).all };
}

function frameworkIdIn(folder: ProgramFolder): string | undefined {
  const reader = openStoreForReading(`${folder.path}/state.db`);
  try {
    return reader.load()?.framework.frameworkId;
  } finally {
    reader.close();
  }
}

Deno.test("the removal of a framework with agents ends the program (4), and forget-framework lets it continue", async () => {
  await withProgram({}, async ({ cluster, folder, program, text }) => {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "long", gocdResources: [], durationMs: 3_600_000 });
    await building(cluster, 1, program);
    const [{ id } = { id: "" }] = cluster.mesos.view().frameworks;
    cluster.mesos.removeFramework(id, cluster.clock.nowMs());
    cluster.mesosHttp.poke();
    assertEquals(await program.ended(), 4);
    const told = lines(program, /framework-removed/);
    assertEquals(told.length, 1, program.lines.join("\n"));
    assertMatch(told[0] ?? "", new RegExp(`has removed framework ${id}, but 1 agent is on record`));
    assertMatch(told[0] ?? "", /no new framework is registered beside them.*gocd-mesos state forget-framework/);
    assertEquals(cluster.mesos.view().frameworks, [], "no new framework beside them");
    assertEquals(frameworkIdIn(folder), id);

    // A start without the operator's word ends the same way.
    const again = folder.start(text());
    assertEquals(await again.ended(), 4);
    assertEquals(cluster.mesos.view().frameworks, []);

    const shown = await command(cluster, "state", "show", `${folder.path}/framework.conf`);
    assertMatch(shown.out, /removed/i);
    const forgotten = await command(cluster, "state", "forget-framework", `${folder.path}/framework.conf`, "--yes");
    assertEquals(forgotten.code, 0, forgotten.out);
    const next = folder.start(text());
    try {
      await next.line("subscribed to the Mesos master");
      const [fresh] = cluster.mesos.view().frameworks;
      assert(fresh !== undefined && fresh.id !== id, "a framework with a new id");
      // The lost build comes back only with another live agent: a new job brings one.
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "next", gocdResources: [], durationMs: 60_000 });
      await next.line("agent-launched");
    } finally {
      await endProgram(next);
    }
    assertEquals([...cluster.launches.values()].filter((count) => count !== 1), [], "task ids are never used again");
  });
});

Deno.test("after the removal of a framework without agents the program registers again", async () => {
  await withProgram({}, async ({ cluster, program }) => {
    await program.line("subscribed to the Mesos master");
    const [{ id } = { id: "" }] = cluster.mesos.view().frameworks;
    cluster.mesos.removeFramework(id, cluster.clock.nowMs());
    cluster.mesosHttp.poke();
    const at = await program.line("no agent of ours is left, so a new one is registered");
    await program.line("subscribed to the Mesos master", at);
    assert(cluster.mesos.view().frameworks.every((framework) => framework.id !== id));
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 60_000 });
    await building(cluster, 1, program);
  });
});

Deno.test("after another instance has taken over its framework id, the program ends (5) without touching the agents", async () => {
  await withProgram({}, async ({ cluster, program }) => {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "long", gocdResources: [], durationMs: 3_600_000 });
    await building(cluster, 1, program);
    // Within two minutes of a start it could be by a late SUBSCRIBE of our own.
    await cluster.pass(130_000);
    const [framework] = cluster.mesos.view().frameworks;
    const id = { value: framework?.id ?? "" };
    const call = { type: "SUBSCRIBE", "framework_id": id, subscribe: { "framework_info": { ...framework?.info, id } } };
    assertEquals(cluster.mesos.connect(call, {}, cluster.clock.nowMs()).status, 200);
    cluster.mesosHttp.poke();
    assertEquals(await program.ended(), 5);
    assertEquals(cluster.mesos.counters.subscriptions, 2, "it did not subscribe again");
    assertEquals([cluster.running.size, cluster.mesos.counters.kills], [1, 0]);
    assertEquals(lines(program, /another instance has taken over our framework id/).length, 1);
    assertEquals(cluster.mesos.view().removedFrameworks, []);
  });
});

Deno.test("the error for a wrong secret names the keys, and the secret can be corrected without a restart", async () => {
  const mesos = { credentials: [{ principal: "ci", secret: "right-secret" }] };
  const wrong = `mesos { principal = ci, secret = "wrong-secret" }`;
  await withProgram({ mesos, more: wrong }, async ({ cluster, folder, program, text }) => {
    await program.line("mesos-unauthorized");
    await cluster.pass(60_000);
    const told = lines(program, /mesos-unauthorized/);
    assertEquals(told.length, 1, "one line, not one for each try");
    assertMatch(told[0] ?? "", /401.*mesos\.(principal|secret)/);
    const tries = Object.values(cluster.mesos.counters.refused).reduce((sum, count) => sum + count, 0);
    assert(tries >= 3 && tries <= 20, `${tries} tries in a minute`);
    assertEquals(lines(program, /wrong-secret|right-secret/), []);
    Deno.writeTextFileSync(
      `${folder.path}/framework.conf`,
      text(`mesos { principal = ci, secret = "right-secret" }`),
    );
    await program.line("subscribed to the Mesos master");
    assertEquals(cluster.mesos.view().frameworks.map(({ info }) => info["principal"]), ["ci"]);
    assertEquals(lines(program, /wrong-secret|right-secret/), []);
  });
});

Deno.test("a missing login and a refused role are each reported in one line", async () => {
  await withProgram({ mesos: { credentials: [{ principal: "ci", secret: "s" }] } }, async ({ program }) => {
    await program.line("mesos-unauthorized");
    assertMatch(lines(program, /mesos-unauthorized/)[0] ?? "", /mesos\.principal/);
  });
  await withProgram({ mesos: { roles: ["web"] }, more: `mesos.role = ci` }, async ({ cluster, program }) => {
    await program.line("framework-bad-framework-info");
    await cluster.pass(150_000);
    const told = lines(program, /framework-bad-framework-info/);
    assertEquals(told.length, 1, told.join("\n"));
    assertMatch(told[0] ?? "", /Roles \{ ci \} are not present in the master's --roles/);
    assert((cluster.mesos.counters.calls["SUBSCRIBE"] ?? 0) <= 5, "a minute between tries");
    assertEquals(cluster.launches.size, 0);
  });
});

Deno.test("at a restart a changed user is reported to have no effect, and a changed name, role and timeout are applied", async () => {
  const before = `mesos { user = build, name = first, role = one, failover-timeout = 1 hour }`;
  await withProgram({ more: before }, async ({ cluster, folder, program, text }) => {
    await program.line("subscribed to the Mesos master");
    program.signal("SIGTERM");
    assertEquals(await program.ended(), 0);
    const next = folder.start(text(`mesos { user = other, name = second, role = two, failover-timeout = 2 hours }`));
    try {
      await next.line("mesos.user is 'build', not 'other'");
      const [framework, ...more] = cluster.mesos.view().frameworks;
      assertEquals(more, []);
      const { name, user, roles, checkpoint, "failover_timeout": timeout } = Object(framework?.info);
      assertEquals({ name, user, roles, timeout }, { name: "second", user: "build", roles: ["two"], timeout: 7_200 });
      assertEquals(checkpoint, true, "always so, and so never changed");
      next.signal("SIGTERM");
      assertEquals(await next.ended(), 0);
    } finally {
      await endProgram(next);
    }
  });
});

Deno.test("the password of GoCD is never sent to Mesos, and neither login is logged", async () => {
  const mesos = { credentials: [{ principal: "ci", secret: "deep-secret" }] };
  await withProgram(
    { mesos, more: `mesos { principal = ci, secret = "deep-secret" }` },
    async ({ cluster, program }) => {
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 60_000 });
      await building(cluster, 1, program);
      const seen = JSON.stringify([
        cluster.mesos.view().tasks.map(({ info }) => info),
        cluster.mesos.view().frameworks,
      ]);
      for (const secret of [clusterNames.password, "deep-secret"]) {
        assert(!seen.includes(secret), `${secret} is not for Mesos`);
        assertEquals(program.lines.filter((line) => line.includes(secret)), []);
      }
    },
  );
});
