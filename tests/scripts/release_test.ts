// The files of a release: embedded packages and their licences, and reproducible packages.

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { machineOf, packArchive, packDebian, type Release } from "../../scripts/release_packages.ts";
import { billOfMaterials, embeddedParts, licencesText } from "../../scripts/release_parts.ts";

const at = (name: string): string => `/cache/${name}/1.0.0`;
const packages = (names: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(
    Object.entries(names).map(([name, needs]) => [`${name}@1.0.0`, {
      name,
      version: "1.0.0",
      dependencies: needs.map((each) => `${each}@1.0.0`),
      localPath: at(name),
    }]),
  );

const info = {
  modules: [{ specifier: "file:///main.ts" }, { specifier: "npm:a", npmPackage: "a@1.0.0" }],
  npmPackages: packages({ a: ["@s/b"], "@s/b": ["a"], tool: [] }),
};
// "hi" in base64.
const lock = { npm: { "a@1.0.0": { integrity: "sha512-aGk=" }, "@s/b@1.0.0": { integrity: "sha512-aGk=" } } };
const files: Readonly<Record<string, string>> = {
  [`${at("a")}/package.json`]: '{ "license": "MIT" }',
  [`${at("a")}/LICENSE`]: "Do what you want.\n",
  [`${at("@s/b")}/package.json`]: "{}",
};
const readText = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw new Deno.errors.NotFound(path);
  return text;
};

Deno.test("the embedded packages are the imports of the program and their dependencies", () => {
  const parts = embeddedParts(info, lock, readText);
  assertEquals(parts.map(({ name, licence, licenceText }) => [name, licence, licenceText]), [
    ["@s/b", "unknown", ""],
    ["a", "MIT", "Do what you want."],
  ]);
  assertThrows(() => embeddedParts(info, { npm: {} }, readText), Error, "@s/b@1.0.0 is not in deno.lock");
});

Deno.test("the bill of materials lists the runtime and each package with its hash and licence", () => {
  const parts = embeddedParts(info, lock, readText);
  const bill = JSON.parse(billOfMaterials("2.0.0", { version: "2.4.2" }, parts));
  assertEquals([bill.bomFormat, bill.specVersion, bill.metadata.component.version], ["CycloneDX", "1.5", "2.0.0"]);
  assertEquals(bill.components.map((each: { purl: string }) => each.purl), [
    "pkg:github/denoland/deno@v2.4.2",
    "pkg:npm/%40s/b@1.0.0",
    "pkg:npm/a@1.0.0",
  ]);
  assertEquals(bill.components[2].hashes, [{ alg: "SHA-512", content: "6869" }]);
  assertEquals(bill.dependencies, [{ ref: "gocd-mesos@2.0.0", dependsOn: ["deno@2.4.2", "@s/b@1.0.0", "a@1.0.0"] }]);
  const text = licencesText({ version: "2.4.2" }, parts);
  for (const words of ["deno 2.4.2, MIT", "a 1.0.0, MIT\n\nDo what you want.", "@s/b 1.0.0, unknown"]) {
    assertStringIncludes(text, words);
  }
});

Deno.test("each embedded package has a known licence", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", `${root}main.ts`], cwd: root })
    .output();
  const real = JSON.parse(Deno.readTextFileSync(`${root}deno.lock`));
  const parts = embeddedParts(
    JSON.parse(new TextDecoder().decode(stdout)),
    real,
    (path) => Deno.readTextFileSync(path),
  );
  assert(parts.length >= 5);
  const free = /^\(?(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0)( |\)|$)/;
  assertEquals(parts.filter(({ licence }) => !free.test(licence)).map(({ name, licence }) => [name, licence]), []);
});

/** Packs the same release twice; gives the two files. */
async function twice(
  pack: (release: Release, folder: string) => Promise<string>,
  name = "program",
): Promise<readonly [string, string]> {
  const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-release-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const program = `${folder}/${name}`;
  await Deno.writeTextFile(program, "#!/bin/sh\necho here\n");
  const papers = new Map([["b/two", "2\n"], ["a/one", "1\n"]]);
  const release = { version: "1.2.3", epoch: 1_700_000_000, program, archivePapers: papers, systemPapers: papers };
  await Deno.mkdir(`${folder}/1`);
  await Deno.mkdir(`${folder}/2`);
  return [await pack(release, `${folder}/1`), await pack(release, `${folder}/2`)];
}

function text(program: string, ...args: string[]): string {
  const { code, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("an archive has the program and its documents in one folder, and is reproducible", async () => {
  const [first, second] = await twice((release, folder) => packArchive(release, "linux-x86_64", folder));
  assertEquals(first.slice(first.lastIndexOf("/") + 1), "gocd-mesos-1.2.3-linux-x86_64.tar.gz");
  assertEquals(await Deno.readFile(first), await Deno.readFile(second));
  const rows = text("tar", "-tvzf", first).trim().split("\n").map((row) => row.split(/\s+/));
  assertEquals(rows.map((row) => [row[0], row[1], row[5]]), [
    ["drwxr-xr-x", "0/0", "gocd-mesos-1.2.3-linux-x86_64/"],
    ["drwxr-xr-x", "0/0", "gocd-mesos-1.2.3-linux-x86_64/a/"],
    ["-rw-r--r--", "0/0", "gocd-mesos-1.2.3-linux-x86_64/a/one"],
    ["drwxr-xr-x", "0/0", "gocd-mesos-1.2.3-linux-x86_64/b/"],
    ["-rw-r--r--", "0/0", "gocd-mesos-1.2.3-linux-x86_64/b/two"],
    ["-rwxr-xr-x", "0/0", "gocd-mesos-1.2.3-linux-x86_64/gocd-mesos"],
  ]);
});

Deno.test("an archive for Windows has an .exe file", async () => {
  const [file] = await twice((release, folder) => packArchive(release, "windows-x86_64", folder), "gocd-mesos.exe");
  assertStringIncludes(text("tar", "-tzf", file), "gocd-mesos-1.2.3-windows-x86_64/gocd-mesos.exe\n");
});

Deno.test("the machine of an executable is read from its first bytes", () => {
  const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.padEnd(40, "0"));
  const elf = (machine: string): string => `7f454c46020101000000000000000000` + `0300${machine}`;
  for (
    const [hex, machine] of [
      [elf("3e00"), "linux-x86_64"],
      [elf("b700"), "linux-aarch64"],
      [elf("f300"), "linux-other"],
      ["cffaedfe07000001", "macos-x86_64"],
      ["cffaedfe0c000001", "macos-aarch64"],
      ["4d5a9000", "windows-x86_64"],
      ["23212f62696e2f7368", "unknown"],
    ] as const
  ) {
    assertEquals(machineOf(bytes(hex)), machine);
  }
  assertEquals(
    machineOf(Deno.readFileSync(Deno.execPath()).subarray(0, 20)),
    `${Deno.build.os.replace("darwin", "macos")}-${Deno.build.arch}`,
  );
});

Deno.test("a Debian package has the program, its documents and a configuration folder, and is reproducible", async () => {
  const [first, second] = await twice((release, folder) => packDebian(release, "amd64", folder));
  assertEquals(first.slice(first.lastIndexOf("/") + 1), "gocd-mesos_1.2.3_amd64.deb");
  assertEquals(await Deno.readFile(first), await Deno.readFile(second));
  assertEquals(text("dpkg-deb", "--field", first, "Package", "Version", "Architecture").trim().split("\n"), [
    "Package: gocd-mesos",
    "Version: 1.2.3",
    "Architecture: amd64",
  ]);
  const rows = text("dpkg-deb", "--contents", first).trim().split("\n").map((row) => row.split(/\s+/));
  assertEquals(rows.filter(([mode = ""]) => mode.startsWith("-")).map((row) => [row[0], row[1], row[5]]), [
    ["-rw-r--r--", "root/root", "./a/one"],
    ["-rw-r--r--", "root/root", "./b/two"],
    ["-rwxr-xr-x", "root/root", "./usr/bin/gocd-mesos"],
  ]);
  assert(rows.some((row) => row[5] === "./etc/gocd-mesos/"));
  for (const script of ["postinst", "prerm", "postrm"]) {
    text("sh", "-c", 'dpkg-deb --ctrl-tarfile "$0" | tar -xO "./$1" | sh -n', first, script);
  }
});

Deno.test("the installation of a Debian package creates its user and its state folder", async () => {
  const [deb] = await twice((release, folder) => packDebian(release, "amd64", folder));
  const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-postinst-" });
  // Stand in for what only root may do: they write down what they are asked for.
  for (const name of ["useradd", "install", "getent"]) {
    const code = name === "getent" ? 2 : 0;
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\necho "${name} $*"\nexit ${code}\n`, { mode: 0o755 });
  }
  const script =
    'dpkg-deb --ctrl-tarfile "$0" | tar -xO ./postinst > "$1/postinst"; PATH="$1:$PATH" sh "$1/postinst" configure';
  const said = text("sh", "-ec", script, deb, folder).trim().split("\n");
  assertEquals(said.map((line) => line.split(" ")[0]), ["useradd", "install"]);
  assertEquals(said.at(-1), "install -d -m 0700 -o gocd-mesos -g gocd-mesos /var/lib/gocd-mesos");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the site pipeline compiles the configuration path of the systemd unit into the executable", async () => {
  const read = (name: string): Promise<string> => Deno.readTextFile(new URL(`../../docs/run/${name}`, import.meta.url));
  const [unit, pipelines] = [await read("gocd-mesos.service"), await read("gocd.yaml")];
  const file = /compile, --config, (\S+),/.exec(pipelines)?.[1];
  const folder = /^WorkingDirectory=(.*)$/m.exec(unit)?.[1];
  assertEquals(/^ExecStart=\S+ start (.*)$/m.exec(unit)?.[1], `${folder}/${file}`);
  // Deno asks for a path as it is written: what is compiled in is relative, so each command is run in its folder.
  for (const [command] of pipelines.matchAll(/gocd-mesos\S* (check|health --ready) .*$/gm)) {
    assertMatch(command, new RegExp(` ${file}( |$)`));
  }
});

Deno.test({
  name: "systemd verifies the unit without a message, with an exposure level of at most 2.0 (apt-get install systemd)",
  ignore: !["/usr/bin/systemd-analyze"].every((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }),
  fn: async () => {
    const unit = new URL("../../docs/run/gocd-mesos.service", import.meta.url).pathname;
    // The unit with a program that is there: `verify` looks for it.
    const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-unit-" });
    const copy = `${folder}/gocd-mesos.service`;
    const written = (await Deno.readTextFile(unit)).replace("ExecStart=/usr/bin/gocd-mesos", "ExecStart=/bin/true");
    await Deno.writeTextFile(copy, written);
    const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args: ["verify", copy] }).output();
    const said = new TextDecoder();
    assertEquals([code, said.decode(stdout), said.decode(stderr)], [0, "", ""]);
    const exposed = text("systemd-analyze", "security", "--offline=true", "--no-pager", unit);
    const level = Number(/exposure level for gocd-mesos\.service: ([\d.]+)/.exec(exposed)?.[1]);
    assert(level <= 2, exposed);
    await Deno.remove(folder, { recursive: true });
  },
});
