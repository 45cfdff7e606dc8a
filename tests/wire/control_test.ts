// How a command in a separate process reaches the running program: bypassing every proxy, and with permission to
// connect.

import { assertEquals, assertMatch } from "@std/assert";
import { startCluster } from "../support/cluster.ts";
import { endProgram, programFolder } from "../support/program.ts";

const root = new URL("../../", import.meta.url).pathname;

/** `main.ts freeze CONF` as a process. */
async function freeze(conf: string, rights: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{
  readonly code: number;
  readonly said: string;
}> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...rights, "--no-prompt", "--quiet", `--config=${root}deno.json`, `${root}main.ts`, "freeze", conf],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, said: `${text.decode(stdout)}${text.decode(stderr)}` };
}

Deno.test("a command bypasses the user's proxy, and needs permission to connect", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = programFolder(cluster);
  const seen: string[] = [];
  const proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    seen.push(request.url);
    return new Response("refused", { status: 403 });
  });
  const program = folder.start(cluster.configText(`state.path = "${folder.path}/state.db"`));
  const conf = `${folder.path}/framework.conf`;
  try {
    await program.line("subscribed");
    const url = `http://127.0.0.1:${proxy.addr.port}`;
    const past = await freeze(conf, ["-A"], { HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, all_proxy: url });
    // The token of the control file is for the running program alone.
    assertEquals([past, seen], [{ code: 0, said: "launching is frozen\n" }, []]);
    const rightless = await freeze(conf, ["--allow-read", "--allow-env", "--allow-write", "--allow-sys"]);
    assertEquals(rightless.code, 3, rightless.said);
    assertMatch(
      rightless.said,
      /the running instance listens on http:\/\/127\.0\.0\.1:\d+\/, and this process may not/,
    );
    assertMatch(rightless.said, /^ {2}to do: run it with --allow-net=127\.0\.0\.1:\d+,/m);
  } finally {
    await endProgram(program);
    await proxy.shutdown();
    folder.remove();
    await cluster.close();
  }
});
