// The GoCD server and its configuration change under the running program: an environment is created, a password in a
// file is replaced, certificates are not checked. No restart is needed, and each is reported.

import { assert, assertEquals } from "@std/assert";
import { clusterNames, startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, type ProgramFolder, virtualProgramFolder } from "../support/program.ts";

interface Scene {
  readonly cluster: VirtualServers;
  readonly folder: ProgramFolder;
  readonly start: (more: string, change?: (text: string) => string) => Program;
}

async function scene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = startVirtualServers();
  const folder = virtualProgramFolder(cluster);
  const programs: Program[] = [];
  const start: Scene["start"] = (more, change = (text) => text) => {
    const program = folder.start(change(cluster.configText(more)));
    programs.push(program);
    return program;
  };
  try {
    await act({ cluster, folder, start });
  } finally {
    for (const program of programs) await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

Deno.test("min-idle agents are launched without a restart when their environment has been created", async () => {
  await scene(async ({ cluster, start }) => {
    const program = start("profiles { warm { environments = [prdo], min-idle = 2 } }");
    await program.line('environment \\"prdo\\" of profile \\"warm\\" is not on the GoCD server');
    cluster.gocd.addAgent({ uuid: "u1", hostname: "box" });
    await cluster.until(
      () => (cluster.gocd.tally.requests.get("environments") ?? 0) >= 3,
      () => program.lines.join("\n"),
    );
    assertEquals(cluster.launches.size, 0);
    assertEquals(program.lines.filter((line) => line.includes("environment-missing")).length, 1, "told once");
    cluster.gocd.addEnvironment({ name: "prdo", origin: "config-repo" });
    await cluster.until(() => cluster.launches.size === 2, () => program.lines.join("\n"));
    await cluster.until(
      () => {
        cluster.advance();
        return cluster.gocd.agents().filter(({ environments }) => environments.includes("prdo")).length === 2;
      },
      () => program.lines.join("\n"),
    );
    assert(cluster.gocd.tally.buildsKilled.length === 0);
  });
});

Deno.test("a changed password file is used by the next poll, and neither password is logged", async () => {
  await scene(async ({ cluster, folder, start }) => {
    const passwords = ["s3cret-pw", "n3w-secret-pw"] as const;
    const users = (password: string) => [{ name: clusterNames.userName, password, admin: true }];
    Deno.writeTextFileSync(`${folder.path}/password`, `${passwords[0]}\n`);
    const program = start(
      "",
      (text) => text.replace(`password: "${clusterNames.password}"`, `password-file: "${folder.path}/password"`),
    );
    await program.line("gocd-version");
    cluster.gocd.setSecurity({ kind: "on", users: users(passwords[1]) });
    const refused = await program.line("gocd-bad-credentials");
    Deno.writeTextFileSync(`${folder.path}/password`, `${passwords[1]}\n`);
    await program.line("gocd-answers", refused);
    const shown = program.lines.filter((line) => passwords.some((password) => line.includes(password)));
    assertEquals(shown, []);
  });
});

Deno.test("go-server.insecure is reported as a warning at the start", async () => {
  await scene(async ({ start }) => {
    const program = start("go-server.insecure = true");
    await program.line("go-server.insecure accepts any certificate");
    const line = program.lines.find((each) => each.includes("go-server.insecure")) ?? "";
    assertEquals((JSON.parse(line) as { level: string }).level, "warning");
  });
});
