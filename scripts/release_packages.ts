// The files of a release out of one executable: an archive and a Debian package, the same bytes for the same input.

/** What every package carries beside the executable: its path in the package, and the text. */
export type Papers = ReadonlyMap<string, string>;

/** What is packed. */
export interface Release {
  readonly version: string;
  /** Seconds since the epoch: the time of each file in the packages. */
  readonly epoch: number;
  /** The executable. */
  readonly program: string;
  /** Paths in the archive. */
  readonly archivePapers: Papers;
  /** Paths in the system. */
  readonly systemPapers: Papers;
}

const executable = 0o755;
const plain = 0o644;

/** Packs `gocd-mesos-VERSION-TARGET.tar.gz`; gives its path. Throws if tar fails. */
export async function packArchive(release: Release, target: string, folder: string): Promise<string> {
  const name = `gocd-mesos-${release.version}-${target}`;
  const stage = await Deno.makeTempDir({ prefix: "gocd-mesos-archive-" });
  try {
    const root = `${stage}/${name}`;
    await write(root, release.archivePapers);
    await place(release.program, `${root}/gocd-mesos${release.program.endsWith(".exe") ? ".exe" : ""}`);
    const file = `${folder}/${name}.tar.gz`;
    // gzip -n: without the time.
    const pack =
      'tar --sort=name --mtime="@$0" --owner=0 --group=0 --numeric-owner -C "$1" -cf - "$2" | gzip -9n > "$3"';
    await run("sh", ["-ec", pack, String(release.epoch), stage, name, file]);
    return file;
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** Packs `gocd-mesos_VERSION_ARCHITECTURE.deb`; gives its path. Throws if dpkg-deb fails. */
export async function packDebian(release: Release, architecture: string, folder: string): Promise<string> {
  const stage = await Deno.makeTempDir({ prefix: "gocd-mesos-deb-" });
  try {
    await write(stage, release.systemPapers);
    await place(release.program, `${stage}/usr/bin/gocd-mesos`);
    await Deno.mkdir(`${stage}/etc/gocd-mesos`, { recursive: true });
    const kib = Math.ceil((await Deno.stat(release.program)).size / 1024);
    await write(stage, new Map([["DEBIAN/control", control(release.version, architecture, kib)]]));
    for (const [name, text] of Object.entries(scripts)) {
      await write(stage, new Map([[`DEBIAN/${name}`, text]]));
      await Deno.chmod(`${stage}/DEBIAN/${name}`, executable);
    }
    await Deno.chmod(stage, executable);
    const file = `${folder}/gocd-mesos_${release.version}_${architecture}.deb`;
    await run("dpkg-deb", ["--root-owner-group", "-Zxz", "-z2", "--build", stage, file], {
      SOURCE_DATE_EPOCH: String(release.epoch),
    });
    return file;
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

function control(version: string, architecture: string, kib: number): string {
  return `Package: gocd-mesos
Version: ${version}
Architecture: ${architecture}
Maintainer: The authors of gocd-mesos <gocd-mesos@localhost>
Installed-Size: ${kib}
Depends: libc6 (>= 2.27), libgcc-s1, passwd
Suggests: zookeeper
Section: admin
Priority: optional
Description: keeps the GoCD agents running on Apache Mesos that the backlog needs
 A Mesos framework that watches the job backlog of a GoCD server, launches agents
 in Docker containers when jobs wait for them, and removes them when they are idle.
`;
}

/** An upgrade restarts the service; its agents keep running. The configuration and the state stay when it is removed. */
const scripts: Readonly<Record<string, string>> = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  getent passwd gocd-mesos >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/gocd-mesos --no-create-home --shell /usr/sbin/nologin gocd-mesos
  # The unit would make it at the first start; \`check\` comes before that.
  install -d -m 0700 -o gocd-mesos -g gocd-mesos /var/lib/gocd-mesos
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart gocd-mesos.service
  fi
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now gocd-mesos.service
fi
`,
  postrm: `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/gocd-mesos
  rmdir --ignore-fail-on-non-empty /etc/gocd-mesos 2>/dev/null || true
  userdel gocd-mesos 2>/dev/null || true
fi
`,
};

/**
 * For which machine an executable is, by its first 20 bytes: `linux-x86_64`, …; for Windows the machine is not looked up.
 * Deno embeds whatever DENORT_BIN names, also where that is of another machine than the target.
 */
export function machineOf(head: Uint8Array): string {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const magic = view.getUint32(0);
  // "\x7fELF", and e_machine; Mach-O of 64 bits, and its cputype; "MZ".
  if (magic === 0x7f454c46) return `linux-${machines[view.getUint16(18, true)] ?? "other"}`;
  if (magic === 0xcffaedfe) return `macos-${machines[view.getUint32(4, true)] ?? "other"}`;
  return magic >>> 16 === 0x4d5a ? "windows-x86_64" : "unknown";
}

const machines: Readonly<Record<number, string>> = {
  0x3e: "x86_64",
  0xb7: "aarch64",
  0x01000007: "x86_64",
  0x0100000c: "aarch64",
};

async function write(root: string, papers: Papers): Promise<void> {
  for (const [path, text] of papers) {
    const file = `${root}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
    await Deno.chmod(file, plain);
  }
}

async function place(program: string, path: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(program, path);
  await Deno.chmod(path, executable);
}

/** Runs a program and gives what it writes. Throws with its words if it fails or is not there. */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env: { ...env } }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}: ${text.decode(stderr).trim()}`);
  return text.decode(stdout);
}
