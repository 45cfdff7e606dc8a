// The state on a disk that is really full (a separate tmpfs; if none can be mounted, files that may not grow): no agent
// is launched, commands are refused, the servers are still polled; it continues automatically once there is room. The
// real program as a process.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { clusterNames, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { endProgram, programOf } from "../support/program.ts";
import { until } from "../support/scaled_clock.ts";

const root = new URL("../../", import.meta.url).pathname;
const mount = 'mount -t tmpfs -o size=4m gocd-mesos-test "$0" && exec "$@"';
/** Writes beyond the limit fail then, as those on a full disk do, instead of ending the process. */
const mayNotGrow = 'trap "" XFSZ; exec "$@"';

/** Whether this user may create a mount here. */
function mayMount(): boolean {
  try {
    const folder = Deno.makeTempDirSync();
    const { success } = new Deno.Command("unshare", { args: ["-rm", "sh", "-c", mount, folder, "true"] }).outputSync();
    Deno.removeSync(folder);
    return success;
  } catch {
    return false;
  }
}

const hasDisk = mayMount();

/** No file of this process may grow beyond its first bytes; gives what lifts that. */
function limitFiles(pid: number): () => void {
  const limit = (fsize: string): void => {
    const { success, stderr } = new Deno.Command("prlimit", { args: ["--pid", `${pid}`, `--fsize=${fsize}:`] })
      .outputSync();
    assert(success, new TextDecoder().decode(stderr));
  };
  limit("1");
  return () => limit("unlimited");
}

/** Fills a disk to its last byte; gives what takes the room back. */
function fill(path: string): () => void {
  using file = Deno.openSync(path, { create: true, write: true });
  for (const bytes of [65_536, 512, 1]) {
    try {
      while (true) file.writeSync(new Uint8Array(bytes));
    } catch {
      // Nothing of this size fits any more.
    }
  }
  return () => Deno.removeSync(path);
}

Deno.test({
  name: "a full disk stops launches and commands until there is room, and the program continues",
  fn: async () => {
    const cluster = startCluster({ speed: 20, bootDelayMs: 2_000 });
    const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-full-" });
    Deno.mkdirSync(`${folder}/disk`);
    const conf = `${folder}/framework.conf`;
    const listen = `127.0.0.1:${freePort()}`;
    Deno.writeTextFileSync(
      conf,
      cluster.configText(`
      state.path = "${folder}/disk/state.db", log.format = text
      poller { interval = 2 seconds, max-interval = 2 seconds, attempts = 0 }
      http { listen = "${listen}", admin-token = secret }`),
    );
    const { speed, startMs } = cluster.scale;
    const preload = `--preload=${root}tests/support/fast_time.ts`;
    const run = ["run", "-A", "--no-prompt", "--quiet", `--config=${root}deno.json`, preload, `${root}main.ts`, conf];
    const [command, ...args] = hasDisk ? ["unshare", "-rm", "sh", "-c", mount] : ["sh", "-c", mayNotGrow];
    const child = new Deno.Command(command ?? "sh", {
      args: [...args, `${folder}/disk`, Deno.execPath(), ...run],
      env: { GOCD_MESOS_TEST_TIME: `${speed} ${startMs}`, NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const program = programOf(child);
    const log = (): string => program.lines.join("\n");
    const seen = (isTrue: () => boolean): Promise<void> =>
      until(() => {
        cluster.advance();
        return isTrue();
      }, log);
    const schedule = (): string =>
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 600_000 });
    const freeze = async (): Promise<readonly [number, string]> => {
      const headers = { authorization: "Bearer secret" };
      const response = await fetch(`http://${listen}/api/commands/freeze`, { method: "POST", headers });
      return [response.status, await response.text()];
    };
    try {
      schedule();
      await seen(() => cluster.gocd.jobs().filter((job) => job.state === "Building").length === 1);
      const makeRoom = hasDisk ? fill(`/proc/${child.pid}/root${folder}/disk/filler`) : limitFiles(child.pid);
      const before = cluster.mesos.counters.calls["ACCEPT"];
      schedule();
      await seen(() => log().includes("store-failed"));
      assertMatch(
        log(),
        /store-failed: the state cannot be stored: .*(full|I\/O error).*nothing is launched or taken down/,
      );
      const [status, text] = await freeze();
      assertEquals(status, 409, text);
      assertMatch(text, /not done: the state cannot be stored/);
      const asked = (): number => [...cluster.gocd.tally.requests.values()].reduce((sum, each) => sum + each, 0);
      const polls = asked();
      await seen(() => asked() > polls + 3);
      assertEquals([cluster.launches.size, cluster.mesos.counters.calls["ACCEPT"]], [1, before], log());
      makeRoom();
      await seen(() => cluster.gocd.jobs().filter((job) => job.state === "Building").length === 2);
      assertStringIncludes(log(), "store-works");
      assertEquals((await freeze())[0], 202, log());
      assertEquals([...cluster.launches.values()], [1, 1], log());
      assert(!log().includes(clusterNames.password), log());
      program.signal("SIGTERM");
      assertEquals(await program.ended(), 0, log());
    } finally {
      await endProgram(program);
      Deno.removeSync(folder, { recursive: true });
      await cluster.close();
    }
  },
});
