// The permissions that a command line needs: those of its configuration file, as far as the file can be read.

import { tmpdir } from "node:os";
import { dirname, parse, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import { processEnv } from "../config/env.ts";
import { proxyVariables } from "../config/hosts.ts";
import { loadPartially, type PartialConfig } from "../config/load.ts";
import { rootKey } from "../config/keys.ts";
import { runningStateOf } from "../runtime/control_client.ts";
import { controlPath, readControlFile } from "../runtime/control_file.ts";
import { linkHosts, pageHosts, type Rights, rightsOf } from "../runtime/rights.ts";

/** What a command line needs, without the parts that the main thread does not use. */
export interface Needs {
  readonly kind: "needs";
  readonly rights: Omit<Rights, "gaps">;
  /** With zk:// the leading master may be any host: `net` cannot be limited. */
  readonly isAnyHost: boolean;
  /** Whether it runs until it is stopped, and may get other permissions in the meantime. */
  readonly isLasting: boolean;
  /** The place of the state. */
  readonly state: string;
  /** `http.listen`. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** The first log line of a start; absent if it is not written. */
  readonly startLine?: string;
  /** The errors of the file, because of which the program refuses it. */
  readonly problem?: { readonly message: string; readonly hint: string; readonly warnings: readonly string[] };
}

/** Where each command has its configuration file among the words of the command line; the others have none. */
const fileAt: Readonly<Record<string, number>> = {
  start: 1,
  check: 1,
  doctor: 1,
  plan: 1,
  why: 1,
  status: 1,
  agents: 1,
  events: 1,
  history: 1,
  record: 1,
  health: 1,
  "notify-test": 1,
  drain: 1,
  freeze: 1,
  resume: 1,
  "accept-loss": 1,
  teardown: 1,
  state: 2,
};

/** Options whose value is not an operand. */
const valued = [
  "webhook",
  ...["profile", "agent", "timeout", "gocd-version", "seed", "listen"],
  ...["gocd", "user", "password-file", "token-file", "agent-url", "key-file", "mesos", "principal", "secret-file"],
  ...["role", "image", "resources", "environments"],
  ...["state", "level", "code", "lines", "since", "until", "at", "job"],
  ...["config", "p95", "svg", "boot", "hosts", "host-cpus", "host-mem", "for"],
];

/** Variables that determine the output on a terminal. */
const ofTerminal = ["COLUMNS", "TERM", "NO_COLOR"];

const noRights: Needs["rights"] = { net: [], read: [], write: [], env: [] };

/** Where the configuration file is among these words. */
function fileIndex([command = ""]: readonly string[]): number {
  return Object.hasOwn(fileAt, command) ? fileAt[command] ?? 0 : 0;
}

/** The file of a command line that is a start; nothing for any other command. */
export function startFileOf(args: readonly string[]): string | undefined {
  const { words } = partsOf(args);
  const at = fileIndex(words);
  return at === 0 || words[0] === "start" ? words[at] : undefined;
}

/**
 * What a command line needs. `startLine` makes the first line of the log of a start. Throws a StoreError if the state
 * cannot be at the configured place.
 */
export function needsOf(
  args: readonly string[],
  startLine: (config: Config) => string | undefined = () => undefined,
): Needs {
  const { words, listen } = partsOf(args);
  const command = words[0] ?? "";
  if (command === "demo") return { ...plainNeeds, rights: demoRights(listen) };
  if (command === "init") return { ...plainNeeds, rights: initRights(words[1] ?? ""), isAnyHost: true };
  if (command === "simulate") return { ...plainNeeds, rights: simulateRights(args, words.slice(1)) };
  const at = fileIndex(words);
  const isStart = command === "start" || at === 0;
  // Any argument may be a file to read: a configuration, or an exported state.
  const operands = words.slice(at === 0 ? 0 : 1);
  const path = words[at];
  if (path === undefined || at === 0 && !isThere(path)) {
    return { ...plainNeeds, rights: { ...noRights, read: operands } };
  }
  const needs = needsOfFile(path, operands, { isStart, isDoctor: command === "doctor", startLine });
  return { ...needs, isLasting: isStart };
}

/** The words of a command line without its options, and the address that a demo is to listen on. */
function partsOf(args: readonly string[]): { readonly words: readonly string[]; readonly listen: string | undefined } {
  const end = args.indexOf("--");
  const isValue = (index: number): boolean => valued.some((name) => args[index - 1] === `--${name}`);
  const isOption = (index: number): boolean => end < 0 || index < end;
  const words = args.filter((each, index) => !isOption(index) || !each.startsWith("-") && !isValue(index));
  const listen = args.find((_, index) => args[index - 1] === "--listen") ??
    args.find((each) => each.startsWith("--listen="))?.slice("--listen=".length);
  return { words: words.filter((each) => each !== "--"), listen };
}

const plainNeeds: Needs = { kind: "needs", rights: noRights, isAnyHost: false, isLasting: false, state: "" };

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Simulated servers on ports of loopback, and a state that is removed. */
function demoRights(listen: string | undefined): Needs["rights"] {
  const folder = tmpdir();
  return {
    net: ["127.0.0.1", ...listen?.includes(":") ? [listen] : []],
    read: [folder],
    write: [folder],
    env: ["LIBPROCESS_IP", ...ofTerminal, ...proxyVariables],
  };
}

/** The answers to its questions name servers and secret files; it only writes to the folder of the configuration. */
function initRights(path: string): Needs["rights"] {
  return {
    net: [],
    read: [parse(resolve(path)).root],
    write: [dirname(path)],
    env: ["GOCD_PASSWORD", "GOCD_TOKEN", "GOCD_AUTO_REGISTER_KEY", "MESOS_SECRET", "LIBPROCESS_IP", ...proxyVariables],
  };
}

/** It reads the trace and the configurations, connects to no server, and only writes the chart. */
function simulateRights(args: readonly string[], operands: readonly string[]): Needs["rights"] {
  const drawn = valuesOf(args, "svg").map((path) => dirname(path));
  const configs = valuesOf(args, "config");
  const read = [...operands, ...configs, ...drawn];
  const env = new Set(ofTerminal);
  for (const path of configs) {
    try {
      const { config } = loadPartially(path, processEnv(), () => false, (file) => {
        read.push(file);
        return Deno.readTextFileSync(file);
      });
      for (const name of config.envNames ?? []) env.add(name);
    } catch {
      // The command reports why.
    }
  }
  return { net: [], read: [...new Set(read)], write: drawn, env: [...env, "LIBPROCESS_IP"] };
}

/** The values of `--name value` and `--name=value`. */
function valuesOf(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((each, index) => {
    if (each.startsWith(`--${name}=`)) return [each.slice(name.length + 3)];
    const next = args[index + 1];
    return each === `--${name}` && next !== undefined ? [next] : [];
  });
}

function needsOfFile(
  path: string,
  operands: readonly string[],
  { isStart, isDoctor, startLine }: {
    readonly isStart: boolean;
    readonly isDoctor: boolean;
    readonly startLine: (config: Config) => string | undefined;
  },
): Needs {
  // Those that were tried count as well: the program reports what is wrong with them.
  const tried: string[] = [];
  const read = (file: string): string => {
    tried.push(file);
    return Deno.readTextFileSync(file);
  };
  let part: PartialConfig;
  try {
    part = loadPartially(path, processEnv(), () => true, read);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const rights = isStart ? noRights : rightsBeside(path);
    return {
      ...plainNeeds,
      rights: { ...rights, read: [...operands, ...tried, ...rights.read] },
      problem: problemOf(error),
    };
  }
  const { config, problems: [first, ...more] } = part;
  const { gaps, net, read: files, write, env } = rightsOf(config);
  const { state, http: { listen } } = config;
  const error = first === undefined ? undefined : new ConfigError(first, ...more);
  const line = isStart && error === undefined ? startLine(config) : undefined;
  return {
    kind: "needs",
    rights: {
      net: isStart ? net : [
        ...new Set([
          ...net,
          ...pageHosts(config),
          ...instanceHosts(config),
          ...isDoctor ? linkHosts(config) : [],
        ]),
      ],
      read: [...new Set([...operands, ...files, ...tried])],
      write,
      env: isStart ? env : [...env, ...ofTerminal],
    },
    isAnyHost: gaps.length > 0,
    isLasting: isStart,
    state: JSON.stringify(state),
    ...(listen === undefined ? {} : { listen }),
    ...(line === undefined ? {} : { startLine: line }),
    ...(error === undefined ? {} : { problem: { ...problemOf(error), warnings: config.warnings } }),
  };
}

/** A file that cannot be parsed serves to find the instance that runs with it (cli/load.ts). */
function rightsBeside(path: string): Needs["rights"] {
  const { config } = loadPartially(path, {}, undefined, () => `${rootKey} {}`);
  try {
    const state = runningStateOf(path, Deno.readTextFileSync(path), config.state);
    if (state === undefined) return noRights;
    const running = { ...config, state };
    const { read, write, env } = rightsOf(running);
    return { net: instanceHosts(running), read: [dirname(path), ...read], write, env: [...env, ...ofTerminal] };
  } catch {
    // The command reports why.
    return noRights;
  }
}

function problemOf({ message, hint, warnings }: ConfigError): NonNullable<Needs["problem"]> {
  return { message, hint, warnings };
}

/** The page of a running instance, which may have been started with an older file. */
function instanceHosts(config: Config): readonly string[] {
  try {
    const file = readControlFile(controlPath(config));
    return file === undefined ? [] : [new URL(file.url).host];
  } catch {
    // The command reports why.
    return [];
  }
}
