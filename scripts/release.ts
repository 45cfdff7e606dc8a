// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task release`: executables, packages, bill of materials, licences and checksums of a release, in dist/.

import { parseArgs } from "@std/cli/parse-args";
import { commands } from "../src/cli/commands.ts";
import { exampleText } from "../src/cli/example_text.ts";
import { runCli } from "../src/cli/cli.ts";
import { processIo } from "../src/cli/io.ts";
import { version } from "../src/version.ts";
import { billOfMaterials, embeddedParts, licencesText, type Part, type Runtime } from "./release_parts.ts";
import { machineOf, packArchive, packDebian, type Papers, type Release, run } from "./release_packages.ts";

const usage = `Usage: deno task release [--all] [--output FOLDER]

Makes the files of a release in dist/ (or FOLDER): for each target an archive (.tar.gz, for Windows too) and, for Linux, a
Debian package, both with the program, its systemd unit, completions, manual page, example and licences; the bill of
materials (CycloneDX), and SHA256SUMS. Without --all only for this machine: other targets need a Deno that can fetch their
runtime. The time in the packages is SOURCE_DATE_EPOCH, by default that of the last commit.

Exit codes:
  0 all made   1 a target could not be made; the others are   2 usage`;

/** Targets of \`deno compile\`, with the names in files and the architecture of Debian. */
const targets = [
  { triple: "x86_64-unknown-linux-gnu", name: "linux-x86_64", debian: "amd64" },
  { triple: "aarch64-unknown-linux-gnu", name: "linux-aarch64", debian: "arm64" },
  { triple: "x86_64-apple-darwin", name: "macos-x86_64" },
  { triple: "aarch64-apple-darwin", name: "macos-aarch64" },
  { triple: "x86_64-pc-windows-msvc", name: "windows-x86_64" },
] as const;

type Target = typeof targets[number];

const root = decodeURIComponent(new URL("..", import.meta.url).pathname);

async function main(): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs(Deno.args, {
    boolean: ["all", "help"],
    string: ["output"],
    unknown: (arg: string) => (unknown.push(arg), false),
  });
  if (flags.help) {
    console.log(usage);
    return 0;
  }
  if (unknown.length > 0) {
    console.error(`release has no option ${unknown.join(" ")}\n  to do: run \`deno task release --help\``);
    return 2;
  }
  const folder = flags.output === undefined || flags.output === "" ? `${root}dist` : flags.output;
  await Deno.mkdir(folder, { recursive: true });
  const parts = await readParts();
  const runtime = await runtimeOf();
  await Deno.writeTextFile(`${folder}/gocd-mesos-${version}.cdx.json`, billOfMaterials(version, runtime, parts));
  const wanted = targets.filter(({ triple }) => flags.all || triple === Deno.build.target);
  const files = [`${folder}/gocd-mesos-${version}.cdx.json`];
  const failed: string[] = [];
  for (const target of wanted) {
    try {
      files.push(...await makeTarget(target, { folder, papers: await papersOf(runtime, parts) }));
      console.log(`made ${target.name}`);
    } catch (error) {
      failed.push(target.name);
      console.error(`${target.name} is not made: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  await writeSums(folder, files);
  console.log(`${files.length + 1} files in ${folder}`);
  return failed.length === 0 ? 0 : 1;
}

/** Two builds of a commit are to have the same bytes. */
async function epochOf(): Promise<number> {
  const set = Deno.env.get("SOURCE_DATE_EPOCH");
  return Number(set ?? (await run("git", ["-C", root, "log", "-1", "--format=%ct"])).trim());
}

async function makeTarget(
  { triple, name, ...more }: Target,
  { folder, papers }: { readonly folder: string; readonly papers: AllPapers },
): Promise<readonly string[]> {
  const stage = await Deno.makeTempDir({ prefix: "gocd-mesos-build-" });
  try {
    const program = `${stage}/gocd-mesos${triple.includes("windows") ? ".exe" : ""}`;
    const target = triple === Deno.build.target ? [] : ["--target", triple];
    await run(Deno.execPath(), ["run", "-A", "--quiet", `${root}scripts/compile.ts`, "--output", program, ...target]);
    const machine = machineOf((await Deno.readFile(program)).subarray(0, 20));
    if (machine !== name) throw new Error(`the executable is one for ${machine}; unset DENORT_BIN`);
    const release: Release = { version, epoch: await epochOf(), program, ...papers };
    const archive = await packArchive(release, name, folder);
    if (!("debian" in more)) return [archive];
    return [archive, await packDebian(release, more.debian, folder)];
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

type AllPapers = Pick<Release, "archivePapers" | "systemPapers">;

/** The files next to the program; the paths in the system are those of Debian. */
async function papersOf(runtime: Runtime, parts: readonly Part[]): Promise<AllPapers> {
  const unit = await Deno.readTextFile(`${root}docs/run/gocd-mesos.service`);
  const licences = licencesText(runtime, parts);
  const texts = new Map<string, string>();
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md"]) {
    texts.set(name, await Deno.readTextFile(`${root}${name}`));
  }
  const made = {
    bash: await printed("completions", "bash"),
    zsh: await printed("completions", "zsh"),
    fish: await printed("completions", "fish"),
    manual: await printed("manual"),
  };
  const archivePapers: Papers = new Map([
    ...texts,
    ["LICENSES-THIRD-PARTY.txt", licences],
    ["framework.conf.example", exampleText],
    ["gocd-mesos.service", unit],
    ["completions/gocd-mesos.bash", made.bash],
    ["completions/_gocd-mesos", made.zsh],
    ["completions/gocd-mesos.fish", made.fish],
    ["gocd-mesos.1", made.manual],
  ]);
  const doc = "usr/share/doc/gocd-mesos";
  const systemPapers: Papers = new Map([
    [`${doc}/README.md`, texts.get("README.md") ?? ""],
    [`${doc}/SECURITY.md`, texts.get("SECURITY.md") ?? ""],
    [`${doc}/CHANGELOG.md`, texts.get("CHANGELOG.md") ?? ""],
    [`${doc}/copyright`, `${texts.get("LICENSE") ?? ""}\n\n${licences}`],
    [`${doc}/examples/framework.conf`, exampleText],
    ["usr/lib/systemd/system/gocd-mesos.service", unit],
    ["usr/share/bash-completion/completions/gocd-mesos", made.bash],
    ["usr/share/zsh/vendor-completions/_gocd-mesos", made.zsh],
    ["usr/share/fish/vendor_completions.d/gocd-mesos.fish", made.fish],
    ["usr/share/man/man1/gocd-mesos.1", made.manual],
  ]);
  return { archivePapers, systemPapers };
}

/** What a command of the program prints. */
async function printed(...args: string[]): Promise<string> {
  if (!commands.some(({ name }) => name === args[0])) throw new Error(`there is no command ${args[0]}`);
  const lines: string[] = [];
  await runCli(args, { ...processIo(() => {}), out: (line) => void lines.push(line) });
  return `${lines.join("\n")}\n`;
}

async function readParts(): Promise<readonly Part[]> {
  const info = JSON.parse(
    await run(Deno.execPath(), ["info", "--json", `--config=${root}deno.json`, `${root}main.ts`]),
  );
  return embeddedParts(
    info,
    JSON.parse(await Deno.readTextFile(`${root}deno.lock`)),
    (path) => Deno.readTextFileSync(path),
  );
}

/** The Deno that compiles: DENO_COMPILE on machines that cannot fetch its runtime. */
async function runtimeOf(): Promise<Runtime> {
  const text = await run(Deno.env.get("DENO_COMPILE") ?? Deno.execPath(), ["--version"]);
  return { version: /^deno (\S+)/.exec(text)?.[1] ?? "unknown" };
}

async function writeSums(folder: string, files: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const file of [...files].sort()) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(file)));
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    lines.push(`${hex}  ${file.slice(file.lastIndexOf("/") + 1)}\n`);
  }
  await Deno.writeTextFile(`${folder}/SHA256SUMS`, lines.join(""));
}

Deno.exit(await main());
