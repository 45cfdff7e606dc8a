// `deno task try:debian`: installs, upgrades and removes the Debian package in a clean Debian, with agents that build.

import { type SocketCluster, startCluster } from "../tests/support/cluster.ts";
import { run } from "./release_packages.ts";
import { say } from "./terminal.ts";

const usage = `Usage: deno task try:debian OLD.deb NEW.deb

Makes a clean Debian with debootstrap and installs OLD there. Against simulated servers it runs the line of the systemd
unit, until agents build. Then it installs NEW, restarts, and looks that no build was lost. At the end it removes and
purges the package, and looks what is left. Needs root, debootstrap, and the packages of Debian. A package of an older
commit: \`deno task release\` in a clone of it.

Exit codes:
  0 all as it should be   1 not   2 usage`;

const suite = "bookworm";
const config = "/etc/gocd-mesos/framework.conf";
const jobMs = 40_000;
const waitMsMax = 180_000;

/** The clean system, as a folder. */
let root = "";
/** What runs in it. */
let running: Deno.ChildProcess | undefined;

/** Throws, with what there is, unless it is so. */
function expect(what: string, isSo: boolean, found: unknown = ""): void {
  if (!isSo) throw new Error(`not so: ${what}\n${typeof found === "string" ? found : JSON.stringify(found)}`);
  say(`ok    ${what}`);
}

async function within(...args: readonly string[]): Promise<string> {
  return await run("chroot", [root, ...args], { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" });
}

/** As the user of the service, in the folder that the unit names. */
function asUser(...args: readonly string[]): readonly string[] {
  return ["--userspec=gocd-mesos:gocd-mesos", root, "/usr/bin/env", "-C", unitLine("WorkingDirectory"), ...args];
}

function unitLine(key: string): string {
  const unit = Deno.readTextFileSync(`${root}/usr/lib/systemd/system/gocd-mesos.service`);
  return new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "/";
}

async function command(...args: readonly string[]): Promise<string> {
  return await run("chroot", asUser("/usr/bin/gocd-mesos", ...args));
}

interface Service {
  /** Waits for a text in the log. */
  logged(text: string): Promise<void>;
  /** What systemd does at a restart and a stop. */
  stop(): Promise<number>;
  ended(): Promise<number>;
}

async function startService(): Promise<Service> {
  const folder = `/var/lib/${unitLine("StateDirectory")}`;
  const mode = unitLine("StateDirectoryMode");
  await within("install", "-d", "-m", mode, "-o", "gocd-mesos", "-g", "gocd-mesos", folder);
  const shell = `umask ${unitLine("UMask")}; exec ${unitLine("ExecStart")}`;
  const args = asUser("/bin/sh", "-c", shell);
  const child = new Deno.Command("chroot", { args: [...args], clearEnv: true, stdout: "null", stderr: "piped" })
    .spawn();
  running = child;
  let log = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
  })();
  const ended = async (): Promise<number> => {
    const { code } = await child.status;
    await reading;
    return code;
  };
  return {
    logged: (text) => until(`the log says “${text}”`, () => log.includes(text), () => log),
    stop: () => (child.kill("SIGTERM"), ended()),
    ended,
  };
}

async function until(what: string, isSo: () => boolean, found: () => unknown): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!isSo() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 250));
  expect(what, isSo(), found());
}

/** Every path of the system, and its users; without what any package leaves in records of dpkg, and in backups. */
async function contents(): Promise<readonly string[]> {
  const all = await within("find", "/", "-xdev", "-not", "-type", "s");
  const kept = all.trim().split("\n").filter((path) =>
    !/^\/(var\/(lib\/dpkg|log|cache)|proc|tmp)\/|^\/etc\/.*-$/.test(path)
  );
  const users = ["passwd", "group", "shadow", "gshadow"].flatMap((name) =>
    Deno.readTextFileSync(`${root}/etc/${name}`).trim().split("\n").map((line) => `${name}: ${line.split(":")[0]}`)
  );
  return [...kept, ...users].sort();
}

async function install(deb: string): Promise<void> {
  await Deno.copyFile(deb, `${root}/package.deb`);
  await within("dpkg", "-i", "/package.deb");
  await Deno.remove(`${root}/package.deb`);
}

function schedule(cluster: SocketCluster, pipeline: string, jobs: number): void {
  for (let index = 1; index <= jobs; index++) {
    cluster.gocd.schedule({ pipeline, stage: "build", job: `j${index}`, gocdResources: [], durationMs: jobMs });
  }
}

/** Gives the state as it was exported before. */
async function upgrade(cluster: SocketCluster, deb: string): Promise<string> {
  const { gocd } = cluster;
  const building = (): number => gocd.processes().filter(({ building }) => building !== undefined).length;
  const old = await startService();
  await old.logged("subscribed");
  schedule(cluster, "before", 4);
  await until("4 agents build", () => (cluster.advance(), building() === 4), () => gocd.jobs());
  const before = await command("state", "show", config);
  const backup = await command("state", "export", config);

  await install(deb);
  expect("the new package is installed while the old program runs, which builds go on with", building() === 4);
  expect("SIGTERM ends the old program with code 0", await old.stop() === 0);
  schedule(cluster, "meanwhile", 2);
  const renewed = await startService();
  await renewed.logged("subscribed");
  await until("all 6 builds end", () => (cluster.advance(), gocd.jobs().length === 0), () => gocd.jobs());
  const { buildsCompleted, buildsKilled, deletedWithWork, buildsRescheduled } = gocd.tally;
  const lost = [buildsKilled.length, deletedWithWork.length, buildsRescheduled];
  expect("each was built once, and none lost", buildsCompleted === 6 && lost.every((each) => each === 0), lost);
  const again = [...cluster.launches].filter(([task, count]) => count > 1 || !cluster.running.has(task));
  expect("no agent was launched twice, and none has ended", again.length === 0 && cluster.launches.size <= 6, again);
  const framework = (text: string): string => /^framework +(\S+)/m.exec(text)?.[1] ?? "";
  const after = await command("state", "show", config);
  expect(
    "the framework is the same",
    framework(after) !== "" && framework(before) === framework(after),
    before + after,
  );
  await command("state", "check", config);

  expect("SIGTERM ends the new program with code 0", await renewed.stop() === 0);
  return backup;
}

/** As described in docs/install.md, with the export made before the upgrade. */
async function goBack(cluster: SocketCluster, deb: string, backup: string): Promise<void> {
  const { gocd } = cluster;
  await install(deb);
  await Deno.writeTextFile(`${root}/tmp/backup.json`, backup);
  await command("state", "import", "--replace", config, "/tmp/backup.json");
  await Deno.remove(`${root}/tmp/backup.json`);
  const again = await startService();
  await again.logged("subscribed");
  schedule(cluster, "back", 2);
  await until("the old program builds again", () => (cluster.advance(), gocd.jobs().length === 0), () => gocd.jobs());
  expect("none was lost", gocd.tally.buildsKilled.length + gocd.tally.deletedWithWork.length === 0);
  await command("teardown", "--yes", "--wait", "--timeout", "5m", config);
  await until("a teardown leaves no agent", () => (cluster.advance(), cluster.running.size === 0), () => gocd.agents());
  expect("and no record of one", gocd.agents().length === 0, gocd.agents());
  expect("and ends the program with code 0", await again.ended() === 0);
}

async function play(cluster: SocketCluster, [old = "", renewed = ""]: readonly string[]): Promise<void> {
  const clean = await contents();
  await install(old);
  say(`      ${(await command("version")).trim()}`);
  await configure(cluster);
  const backup = await upgrade(cluster, renewed);
  say(`      ${(await command("version")).trim()}`);
  await goBack(cluster, old, backup);

  await within("dpkg", "-r", "gocd-mesos");
  const kept = (await contents()).filter((each) => !clean.includes(each));
  expect(
    "removed, the program is gone, and configuration and state are there",
    [
      ...[config, "/var/lib/gocd-mesos/state.db"].map((path) => kept.includes(path)),
      ...kept.map((each) => !each.startsWith("/usr/")),
    ].every(Boolean),
    kept,
  );
  await purge(clean);

  await install(renewed);
  await configure(cluster);
  await command("check", config);
  await command("demo", "--exit", "--plain");
  expect("installed anew, `check` finds both servers before the first start, and the demo goes as it should", true);
  await purge(clean);
}

async function configure(cluster: SocketCluster): Promise<void> {
  await Deno.writeTextFile(`${root}${config}`, cluster.configText('state.path = "/var/lib/gocd-mesos/state.db"'));
}

/** The configuration is removed by its author. */
async function purge(clean: readonly string[]): Promise<void> {
  await Deno.remove(`${root}${config}`);
  await within("dpkg", "--purge", "gocd-mesos");
  const left = (await contents()).filter((each) => !clean.includes(each));
  expect("purged, nothing is left", left.length === 0, left);
}

async function endRunning(): Promise<void> {
  try {
    running?.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await running?.status;
}

async function main(): Promise<number> {
  if (Deno.args.length !== 2 || Deno.args.some((arg) => arg.startsWith("-"))) {
    say(usage);
    return Deno.args.includes("--help") ? 0 : 2;
  }
  root = await Deno.makeTempDir({ prefix: "gocd-mesos-debian-" });
  const cluster = startCluster({ speed: 1 });
  try {
    await run("debootstrap", ["--variant=minbase", suite, root]);
    await Deno.chmod(root, 0o755);
    await run("mount", ["-t", "proc", "proc", `${root}/proc`]);
    await play(cluster, Deno.args);
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await endRunning();
    await cluster.close();
    await new Deno.Command("umount", { args: [`${root}/proc`], stderr: "null" }).output();
    await Deno.remove(root, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
