// The ways in which the tests of this folder run the program: compiled, once for all of them, and by `deno run`.

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;
const decoder = new TextDecoder();
/** One that runs although it should have refused is ended. */
const endMs = 60_000;

/**
 * Whether there is a Deno to compile with: where DENO_COMPILE is not set (`deno task ok` sets it), compiled programs are
 * left out, as not every machine has the runtime to embed or can fetch it.
 */
export const canCompile: boolean = Deno.env.get("DENO_COMPILE") !== undefined;

/** A folder for executables, removed at the end. */
export const folder: string = canCompile ? Deno.makeTempDirSync({ prefix: "gocd-mesos-binary-" }) : "";
if (canCompile) globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** What a program has written, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Registers a test of a compiled program; without a runtime to embed its name says why it is left out. */
export function binaryTest(name: string, act: () => Promise<void>): void {
  const reason = canCompile ? "" : " (left out: DENO_COMPILE is not set)";
  Deno.test({ name: `${name}${reason}`, ignore: !canCompile, fn: act });
}

/** Runs `deno task compile`. */
export function compile(output: string, more: readonly string[] = []): Promise<Ended> {
  return run([Deno.execPath(), "task", "compile", "--output", output, ...more], { cwd: root, isBare: false });
}

/** Runs a program in an empty environment. */
export async function run(
  [program = "", ...args]: readonly string[],
  { cwd, isBare = true, env = {} }: {
    readonly cwd?: string;
    readonly isBare?: boolean;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    clearEnv: isBare,
    // Where Deno has its packages.
    env: { NO_COLOR: "1", ...homeOf(), ...env },
    stdin: "null",
    signal: AbortSignal.timeout(endMs),
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function homeOf(): Readonly<Record<string, string>> {
  const home = Deno.env.get("HOME");
  return home === undefined ? {} : { HOME: home };
}

let compiled: Promise<string> | undefined;

/** The path of the executable for every configuration. */
export function binary(): Promise<string> {
  compiled ??= compile(`${folder}/gocd-mesos`).then(({ code, out, err }) => {
    assertEquals(code, 0, out + err);
    return `${folder}/gocd-mesos`;
  });
  return compiled;
}

const sandboxFlags = [
  "--no-prompt",
  "--no-check",
  "--quiet",
  `--config=${root}deno.json`,
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=uid,hostname",
];

/** One way to run the sandbox. */
export interface Way {
  readonly name: string;
  readonly isHere: boolean;
  /** The command line of the program, without its arguments. */
  program(): Promise<readonly string[]>;
  /** The same with a program that tries to break out (hostile.ts). */
  hostile(): Promise<readonly string[]>;
}

let hostile: Promise<readonly string[]> | undefined;

async function compileHostile(): Promise<readonly string[]> {
  const output = `${folder}/hostile`;
  const includes = ["src/sandbox/reader.ts", "tests/binary/hostile_program.ts"].map((each) =>
    `--include=${root}${each}`
  );
  const args = ["compile", ...sandboxFlags, "--output", output, ...includes, `${root}tests/binary/hostile.ts`];
  const { code, err } = await run([Deno.env.get("DENO_COMPILE") ?? "", ...args], { isBare: false });
  assertEquals(code, 0, err);
  return [output];
}

const deno = [Deno.execPath(), "run", "--cached-only", ...sandboxFlags];

/** Both ways. */
export const ways: readonly Way[] = [
  {
    name: "compiled",
    isHere: canCompile,
    program: async () => [await binary()],
    hostile: () => hostile ??= compileHostile(),
  },
  {
    name: "by deno run",
    isHere: true,
    program: () => Promise.resolve([...deno, `${root}src/sandbox/main.ts`]),
    hostile: () => Promise.resolve([...deno, `${root}tests/binary/hostile.ts`]),
  },
];

/** A program that runs until it is told to stop. */
export interface Running {
  /** Standard error so far. */
  log(): string;
  signal(name: Deno.Signal): void;
  /** Waits for a text behind the `from`th character of the log; gives where it ends. */
  logged(text: string, from?: number): Promise<number>;
  ended(): Promise<number>;
}

/** Starts a program with these variables and no others. */
export function start(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { NO_COLOR: "1", ...homeOf(), ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(endMs),
  }).spawn();
  let text = "";
  let isOver = false;
  const waiting = new Set<() => void>();
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      waiting.forEach((look) => look());
    }
    isOver = true;
    waiting.forEach((look) => look());
  })();
  return {
    log: () => text,
    signal: (name) => {
      try {
        child.kill(name);
      } catch (error) {
        // It has ended.
        if (!(error instanceof TypeError)) throw error;
      }
    },
    logged: (wanted, from = 0) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const at = text.indexOf(wanted, from);
          if (at < 0 && !isOver) return;
          waiting.delete(look);
          if (at < 0) reject(new Error(`no '${wanted}' in:\n${text}`));
          else resolve(at + wanted.length);
        };
        waiting.add(look);
        look();
      }),
    ended: async () => {
      const { code } = await child.status;
      await reading;
      return code;
    },
  };
}
