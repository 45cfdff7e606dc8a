// Loads framework.conf into a Config, or reports everything that is wrong with it.

import type { AgentProfile, PollerSettings, ScalingSettings } from "../core/settings.ts";
import type { Config } from "./config.ts";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { readGocd, readHttp, readLog, readMesos } from "./connections.ts";
import { readHistory, readState } from "./state.ts";
import { entriesOf } from "./entries.ts";
import { type Conf, type ConfObject, listByIndex } from "./hocon_values.ts";
import { type HoconFile, readHocon, type ReadText } from "./hocon.ts";
import { isSection, keys, keySpec, type KeyType, rootKey } from "./keys.ts";
import { anyWebhook } from "./keys_notify.ts";
import { readNotify, webhookNamePattern, webhooksKey } from "./notify.ts";
import { readLimits } from "./limits.ts";
import { profileNamePattern, readProfiles } from "./profiles.ts";
import {
  addProblem,
  areSound,
  durationMsAt,
  find,
  integerAt,
  type Reader,
  textsAt,
  wordAt,
  wrongType,
} from "./reader.ts";
import { nearestKey } from "./suggest.ts";
import { idleTotal } from "./upkeep_values.ts";
import { quote } from "./values.ts";

/**
 * Reads and checks a configuration file. `env` is what `${?NAME}` is looked for in (see {@linkcode processEnv} of
 * env.ts), `read` reads a text file. Throws {@linkcode ConfigError} with every problem of the file, and nothing else.
 */
export function loadConfig(
  path: string,
  env: Readonly<Record<string, string>>,
  read: ReadText = Deno.readTextFileSync,
): Config {
  const { config, problems } = readConfig(readHocon(path, env, read), { path, env, read, wantsSecret: () => true });
  const [first, ...more] = problems;
  if (first === undefined) return config;
  const error = new ConfigError(first, ...more);
  error.warnings = config.warnings;
  throw error;
}

/** A configuration of which only some parts are used. */
export interface PartialConfig {
  /** With defaults in place of what is wrong, and without unwanted secrets and certificates. */
  readonly config: Config;
  /** What is wrong. Variables that are not set are part of it only where the key is read. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads a configuration for callers that only need some of its keys, and only the secrets selected by `wantsSecret`:
 * errors of the others are no reason to reject it. Throws {@linkcode ConfigError} if the file cannot be read as HOCON.
 */
export function loadPartially(
  path: string,
  env: Readonly<Record<string, string>>,
  wantsSecret: (key: string) => boolean = (): boolean => false,
  read: ReadText = Deno.readTextFileSync,
): PartialConfig {
  return readConfig(readHocon(path, env, read, "kept"), { path, env, read, wantsSecret });
}

/** Throws {@linkcode ConfigError} if any of the keys is wrong; the key of a problem with the whole file is empty. */
export function requireKeys({ problems }: PartialConfig, keys: RegExp): void {
  const [first, ...more] = problems.filter(({ key }) => keys.test(key));
  if (first !== undefined) throw new ConfigError(first, ...more);
}

/** What is wrong with a configuration although its variables may be set elsewhere: one text, nothing if all is well. */
export function flawOf({ problems }: PartialConfig): string | undefined {
  const unset = problems.filter(({ code }) => code === "config-unset-variable");
  const places = new Set(unset.flatMap(({ key, file, line }) => [key, `${file}:${line}`]));
  const [first, ...more] = problems.filter(({ key, file, line }) => !places.has(key) && !places.has(`${file}:${line}`));
  return first === undefined ? undefined : new ConfigError(first, ...more).message;
}

interface Source {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly read: ReadText;
  readonly wantsSecret: (key: string) => boolean;
}

function readConfig(hocon: HoconFile, { path, env, read, wantsSecret }: Source): PartialConfig {
  const warnings = [...hocon.warnings];
  const root = withListsByIndex(rootOf(hocon.root, path), "", (warning) => warnings.push(warning));
  const reader: Reader = {
    root,
    file: path,
    problems: [],
    warnings,
    details: [],
    read,
    readFiles: hocon.files.slice(1),
    wantsSecret,
    unsetVariable: (key) => hocon.unsetVariable([rootKey, ...key.split(".")]),
  };
  checkKeys(reader, root, "");
  const libprocessIp = env["LIBPROCESS_IP"];
  const http = readHttp(reader, typeof libprocessIp === "string" && libprocessIp !== "" ? libprocessIp : undefined);
  const mesos = readMesos(reader, http.advertise);
  const gocd = readGocd(reader);
  const poller = readPoller(reader);
  const scaling = readScaling(reader);
  const profiles = readProfiles(reader, mesos.roles);
  checkLimits(reader, scaling, profiles);
  const state = readState(reader);
  const history = readHistory(reader);
  const log = readLog(reader);
  const notify = readNotify(reader);
  const { user, principal } = mesos;
  const registersAs = { user, ...(principal === undefined ? {} : { principal }) };
  const reads = mesos.allowedHosts.length === 0 ? {} : { readsSandboxes: true as const };
  const settings = { frameworkName: mesos.name, profiles, poller, scaling, registersAs, ...reads };
  const told = { warnings: [...new Set(warnings)], details: [...new Set(reader.details)] };
  const readFiles = [...new Set(reader.readFiles)];
  const parts = { settings, mesos, gocd, state, history, http, log, notify };
  const config = { path, ...parts, ...told, readFiles, envNames: hocon.envNames, entries: entriesOf(root) };
  return { config, problems: different(reader.problems) };
}

function rootOf(file: ConfObject, path: string): ConfObject {
  const root = file.fields.get(rootKey);
  if (root?.kind === "object") return root;
  const near = nearestKey(rootKey, [...file.fields.keys()]);
  const message = root === undefined ? `there is no ${rootKey} { … }` : `${rootKey} is not an object`;
  const better = near === undefined
    ? `write everything inside ${rootKey} { … }`
    : `write ${rootKey} instead of ${near}`;
  const at = near === undefined ? undefined : file.fields.get(near)?.at;
  const place = at === undefined ? { file: path } : at;
  throw new ConfigError({ code: "config-root-missing", key: "", ...place, message, hint: better });
}

const listTypes: ReadonlySet<KeyType> = new Set(
  [
    "names",
    "names or *",
    "texts",
    "volumes",
    "port-mappings",
    "docker-parameters",
    "uris",
    "constraints",
    "schedules",
  ] as const,
);

/** Objects with numbers as keys are lists wherever the table of keys wants a list (`resources.0 = linux`). */
function withListsByIndex(object: ConfObject, prefix: string, warn: (warning: string) => void): ConfObject {
  const fields = new Map<string, Conf>();
  for (const [name, conf] of object.fields) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const type = name.includes(".") ? undefined : keySpec(key)?.type;
    if (conf.kind !== "object") fields.set(name, conf);
    else if (type === undefined) fields.set(name, withListsByIndex(conf, key, warn));
    else fields.set(name, listTypes.has(type) ? listOf(conf, key, warn) : conf);
  }
  return { ...object, fields };
}

function listOf(object: ConfObject, key: string, warn: (warning: string) => void): Conf {
  const list = listByIndex(object);
  if (list === undefined) return object;
  const { file, line } = object.at;
  if (list.items.length < object.fields.size) {
    warn(`${file}:${line}: ${key} is a list: keys that are no numbers are left out`);
  }
  return list;
}

/** Sections whose keys are names of the operator's. */
const namedSections: ReadonlyMap<string, { readonly what: string; readonly pattern: RegExp }> = new Map([
  ["profiles", { what: "profile", pattern: profileNamePattern }],
  [webhooksKey, { what: "webhook", pattern: webhookNamePattern }],
]);

function checkKeys(reader: Reader, object: ConfObject, prefix: string): void {
  for (const [name, conf] of object.fields) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    // A dot can only come from quotes: no key has one in its name.
    if (!name.includes(".") && keySpec(key) !== undefined) continue;
    const named = namedSections.get(prefix);
    if (named !== undefined && !named.pattern.test(name)) {
      const message = `${quote(name)} cannot be the name of a ${named.what}`;
      const hint = "use up to 32 letters, digits, - and _";
      addProblem(reader, { key, conf }, { code: "config-bad-value", message, hint });
    } else if (!name.includes(".") && isSection(key)) {
      checkSection(reader, key, conf);
    } else {
      addUnknown(reader, key, conf);
    }
  }
}

function checkSection(reader: Reader, key: string, conf: Conf): void {
  if (conf.kind === "object") checkKeys(reader, conf, key);
  else if (key !== "state" || conf.kind !== "text") wrongType(reader, { key, conf }, "an object { … }");
}

/** Up to this many problems, better keys are suggested. */
const suggestionsMax = 100;

/** Keys that one of this profile may be meant to be, or one of none. */
function keysLike(key: string, profile: string | undefined): readonly string[] {
  if (profile !== undefined) {
    return keys.filter((spec) => spec.path.startsWith("go-agent.") && spec.isGoAgentOnly !== true)
      .map((spec) => `${profile}.${spec.path.slice("go-agent.".length)}`);
  }
  const webhook = key.startsWith(`${webhooksKey}.`) ? key.split(".")[2] ?? anyWebhook : anyWebhook;
  const all = keys.map(({ path }) => path.replace(`${webhooksKey}.${anyWebhook}.`, `${webhooksKey}.${webhook}.`));
  const sections = new Set(keys.map((spec) => spec.path.split(".")[0] ?? "").filter(isSection));
  return [...all, ...sections, "profiles"];
}

function addUnknown(reader: Reader, key: string, conf: Conf): void {
  const profile = /^profiles\.[^.]+/.exec(key)?.[0];
  // Maximum number of reported problems: another kind of file may have tens of thousands of them.
  const near = reader.problems.length < suggestionsMax ? nearestKey(key, keysLike(key, profile)) : undefined;
  const isForAll = profile !== undefined &&
    keySpec(`go-agent.${key.slice(profile.length + 1)}`)?.isGoAgentOnly === true;
  const hint = isForAll
    ? "write it in go-agent: it applies to all profiles"
    : near === undefined
    ? "`gocd-mesos example-config` shows all keys"
    : `did you mean ${near}?`;
  const message = isForAll ? "a profile cannot have this key" : "there is no such key";
  addProblem(reader, { key, conf }, { code: "config-unknown-key", message, hint });
}

function readPoller(reader: Reader): PollerSettings {
  const intervalMs = durationMsAt(reader, "poller.interval") ?? 0;
  const writtenMaxMs = durationMsAt(reader, "poller.max-interval") ?? 0;
  const maxInterval = find(reader, "poller.max-interval");
  const intervals = ["poller.interval", "poller.max-interval"];
  if (maxInterval !== undefined && writtenMaxMs < intervalMs && areSound(reader, intervals)) {
    const message = "it is shorter than poller.interval";
    addProblem(reader, maxInterval, { code: "config-conflict", message, hint: "raise it, or lower poller.interval" });
  }
  const maxIntervalMs = Math.max(intervalMs, writtenMaxMs);
  const writtenStaleMs = durationMsAt(reader, "poller.stale-after") ?? 0;
  const stale = find(reader, "poller.stale-after");
  const isSound = areSound(reader, [...intervals, "poller.stale-after"]);
  if (stale !== undefined && writtenStaleMs <= maxIntervalMs && isSound) {
    const message = "it is not longer than poller.max-interval, so every poll would be too late";
    addProblem(reader, stale, { code: "config-conflict", message, hint: "use three times poller.max-interval" });
  }
  return {
    intervalMs,
    attempts: integerAt(reader, "poller.attempts") ?? 0,
    maxIntervalMs,
    staleAfterMs: stale === undefined ? Math.max(writtenStaleMs, 3 * maxIntervalMs) : writtenStaleMs,
    assignGraceMs: durationMsAt(reader, "poller.assign-grace") ?? 0,
    zombieAfterMs: durationMsAt(reader, "poller.zombie-after") ?? 0,
    ignore: readIgnore(reader),
    resourcelessJobs: wordAt(reader, "poller.resourceless-jobs") as PollerSettings["resourcelessJobs"],
  };
}

function readIgnore(reader: Reader): readonly string[] {
  const patterns = textsAt(reader, "poller.ignore", "commas");
  const found = find(reader, "poller.ignore");
  for (const pattern of patterns) {
    if (found === undefined || /^[\w.*-]+(\/[\w.*-]+){0,2}$/.test(pattern)) continue;
    const message = `${quote(pattern)} is not a pattern on pipeline/stage/job`;
    const hint = 'write e.g. "nightly-*", "deploy/prod/*" or "**/smoke"';
    addProblem(reader, found, { code: "config-bad-value", message, hint });
  }
  return patterns;
}

function readScaling(reader: Reader): ScalingSettings {
  return {
    maxAgents: integerAt(reader, "scaling.max-agents") ?? 0,
    launchTimeoutMs: durationMsAt(reader, "scaling.launch-timeout") ?? 0,
    drainConfirmMs: durationMsAt(reader, "scaling.drain-confirm") ?? 0,
    slowServerLaunchesPerMinute: integerAt(reader, "scaling.slow-server-launches-per-minute") ?? 1,
    maintenanceLeadMs: durationMsAt(reader, "scaling.maintenance-lead") ?? 0,
    ...readLimits(reader),
  };
}

function checkLimits(
  reader: Reader,
  scaling: ScalingSettings,
  profiles: readonly AgentProfile[],
): void {
  const idle = profiles.reduce((sum, profile) => sum + idleTotal(profile), 0);
  if (scaling.maxAgents < 0 || idle <= scaling.maxAgents) return;
  const found = find(reader, "scaling.max-agents") ?? { key: "scaling.max-agents" };
  const message = `${scaling.maxAgents} is less than the number of idle agents that the profiles keep ready, ${idle}`;
  addProblem(reader, found, { code: "config-conflict", message, hint: "raise it, or lower min-idle" });
}

// A value of go-agent is read once for each profile, but its problems are reported once.
function different(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const idOf = ({ file, line, key, message }: ConfigProblem): string => `${file}\n${line}\n${key}\n${message}`;
  return [...new Map(problems.map((problem) => [idOf(problem), problem])).values()];
}
