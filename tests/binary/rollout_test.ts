// The pipelines of docs/run/gocd.yaml as written: their commands are run here, with stubs for the connection to another
// host.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { confFolder } from "../cli/support.ts";
import { startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { binaryTest } from "./ways.ts";

interface Task {
  readonly exec?: {
    readonly command: string;
    readonly arguments: readonly string[];
    readonly "working_directory"?: string;
  };
  readonly fetch?: { readonly pipeline: string; readonly source: string };
}

interface Job {
  readonly tasks: readonly Task[];
  readonly artifacts?: readonly { readonly build: { readonly source: string } }[];
}

interface Pipeline {
  readonly stages: readonly Readonly<Record<string, { readonly jobs: Readonly<Record<string, Job>> }>>[];
}

const root = new URL("../../", import.meta.url).pathname;
const { pipelines } = parse(Deno.readTextFileSync(`${root}docs/run/gocd.yaml`)) as {
  readonly pipelines: Readonly<Record<string, Pipeline>>;
};

function jobsOf(name: string): readonly Job[] {
  const stages = pipelines[name]?.stages ?? [];
  return stages.flatMap((stage) => Object.values(stage).flatMap(({ jobs }) => Object.values(jobs)));
}

function tasksOf(name: string): readonly Task[] {
  return jobsOf(name).flatMap(({ tasks }) => tasks);
}

Deno.test("the pipelines need no task plugin, and fetch only artifacts of the first one", () => {
  const tasks = Object.keys(pipelines).flatMap(tasksOf);
  assertEquals(tasks.filter((task) => !Object.keys(task).every((key) => ["exec", "fetch"].includes(key))), []);
  const published = jobsOf("gocd-mesos-artifact").flatMap(({ artifacts = [] }) => artifacts)
    .map(({ build }) => build.source.split("/").at(-1));
  const fetched = tasks.flatMap(({ fetch }) => fetch === undefined ? [] : [fetch]);
  assertEquals(fetched.map(({ pipeline, source }) => [pipeline, published.includes(source)]), [
    ["gocd-mesos-artifact", true],
    ["gocd-mesos-artifact", true],
  ]);
});

/** Runs the first command of a pipeline in its folder, with these programs before all others. */
async function runTask(
  name: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly out: string }> {
  const exec = tasksOf(name).find((task) => task.exec !== undefined)?.exec;
  if (exec === undefined) throw new Error(`${name} runs nothing`);
  const command = exec.command === "deno" ? Deno.execPath() : exec.command;
  // npx and `deno task` set it for their own children, who resolve paths by it.
  const { INIT_CWD: _, ...inherited } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...exec.arguments],
    cwd: `${cwd}/${exec.working_directory ?? ""}`,
    clearEnv: true,
    env: { ...inherited, ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The bastion host is a folder; what root does there, this user does under it. */
const standIns = {
  scp: 'for last; do :; done; [ "$last" = me@bastion: ] || exit 1; cp "$1" "$2" "$BASTION_ROOT/home/"',
  ssh: '[ "$1" = me@bastion ] || exit 1; cd "$BASTION_ROOT/home" && PATH="$BASTION_ROOT/usr/bin:$PATH" sh -c "$2"',
  sudo: `[ "$1" = -u ] && shift 2
for word; do
  shift
  if [ "$word" = -o ]; then skip=yes; continue; fi
  if [ -n "$skip" ]; then skip=; continue; fi
  case $word in /etc/*|/usr/*) word=$BASTION_ROOT$word ;; esac
  set -- "$@" "$word"
done
exec "$@"`,
  sleep: "exec /bin/sleep 0.2",
  // The line of docs/run/gocd-mesos.service, whose folder is that of the configuration.
  systemctl: `[ "$*" = "restart gocd-mesos" ] || exit 1
[ ! -e "$BASTION_ROOT/pid" ] || { kill "$(cat "$BASTION_ROOT/pid")"; tail --pid="$(cat "$BASTION_ROOT/pid")" -f /dev/null; }
cd "$BASTION_ROOT/etc/gocd-mesos" && { gocd-mesos start framework.conf >>"$BASTION_ROOT/log" 2>&1 & echo $! >"$BASTION_ROOT/pid"; }`,
};

binaryTest(
  "the pipelines compile and roll out the artifact of a site until it is ready, and a failed check changes nothing",
  async () => {
    const cluster = startCluster({ speed: 1 });
    const { path: work, remove } = confFolder("");
    const bastion = `${work}/bastion`;
    const port = freePort();
    const env = { BASTION: "me@bastion", BASTION_ROOT: bastion, PATH: `${work}/bin:${Deno.env.get("PATH")}` };
    const installed = (file: string): string => Deno.readTextFileSync(`${bastion}/etc/gocd-mesos/${file}`);
    const site = (more: string): string => {
      const text = cluster.configText(`state.path = "${bastion}/state.db", http.listen = "127.0.0.1:${port}", ${more}`);
      Deno.writeTextFileSync(`${work}/site/framework.conf`, text);
      return text;
    };
    const rollOut = async (): ReturnType<typeof runTask> => {
      const compiled = await runTask("gocd-mesos-artifact", work, {});
      assertEquals(compiled.code, 0, compiled.out);
      Deno.copyFileSync(`${work}/site/framework.conf`, `${work}/framework.conf`);
      return await runTask("gocd-mesos-rollout", work, env);
    };
    try {
      for (const folder of ["site", "bin", "bastion/home", "bastion/usr/bin", "bastion/etc/gocd-mesos"]) {
        Deno.mkdirSync(`${work}/${folder}`, { recursive: true });
      }
      for (const [name, text] of Object.entries(standIns)) {
        Deno.writeTextFileSync(`${work}/bin/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      }
      Deno.symlinkSync(root, `${work}/program`);

      const first = site("");
      const done = await rollOut();
      assertEquals(done.code, 0, done.out);
      assertStringIncludes(done.out, '"status":"ready"');
      assertEquals(installed("framework.conf"), first);
      assertStringIncludes(Deno.readTextFileSync(`${bastion}/log`), "sandbox: on: only 127.0.0.1:");

      // Its check fails: there is no listener.
      site('mesos-master = "127.0.0.1:1"');
      const failed = await rollOut();
      assertEquals([failed.code, installed("framework.conf")], [3, first], failed.out);
      assertMatch(failed.out, /^FAIL {2}mesos/m);

      const second = site("poller.attempts = 2");
      const again = await rollOut();
      assertEquals([again.code, installed("framework.conf")], [0, second], again.out);
      assertEquals(Deno.readTextFileSync(`${bastion}/log`).match(/"subscribed to/g)?.length, 2);
    } finally {
      await new Deno.Command("sh", { args: ["-c", 'kill "$(cat "$0/pid")"', bastion] }).output();
      await cluster.close();
      remove();
    }
  },
);
