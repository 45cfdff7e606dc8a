// The active configuration for people: each key with its value and place. Possible secrets are not shown: only texts
// known not to be secret.

import { shortened } from "../core/text.ts";
import type { Conf, ConfObject } from "./hocon_values.ts";
import { keys, type KeySpec, keySpec, type KeyType } from "./keys.ts";
import { confAt } from "./reader.ts";

/** One active key. */
export interface ConfigEntry {
  /** `scaling.max-agents`, `profiles.linux.cpus`. */
  readonly key: string;
  /** As written; `set` where it is not shown. */
  readonly value: string;
  /** `FILE:LINE`; absent: it is the default. */
  readonly from?: string;
}

const shownCharactersMax = 300;
const hidden = "set (not shown)";

/** Values of these types are not secrets. */
const plainTypes: ReadonlySet<KeyType> = new Set(
  [
    "boolean",
    "int",
    "number",
    "duration",
    "memory",
    "word",
    "names",
    "names or *",
    "path",
    "network",
    "int or map",
    "headroom",
  ] as const,
);
/** Texts that are not secrets either; credentials in addresses are left out. */
const plainTexts: ReadonlySet<string> = new Set([
  ...["mesos-master", "mesos.name", "mesos.role", "mesos.user", "mesos.principal", "mesos.hostname"],
  ...["go-server.host", "go-server.url", "go-server.agent-url", "go-server.user-name"],
  ...["go-agent.docker-image", "go-agent.role", "go-agent.user", "http.listen", "http.advertise", "state.path"],
]);

/** Every key that is set or has a default, in the order of the table of keys; those of profiles follow. */
export function entriesOf(root: ConfObject): readonly ConfigEntry[] {
  const all = keys.flatMap((spec) => {
    const conf = confAt(root, spec.path);
    if (conf !== undefined) return [entryOf(spec.path, spec, conf)];
    return spec.default === undefined ? [] : [{ key: spec.path, value: unquoted(spec.default) }];
  });
  const profiles = confAt(root, "profiles");
  if (profiles?.kind !== "object") return all;
  const ofProfiles = [...profiles.fields].flatMap(([name, profile]) =>
    profile.kind !== "object" ? [] : [...profile.fields].flatMap(([field, conf]) => {
      const key = `profiles.${name}.${field}`;
      const spec = keySpec(key);
      return spec === undefined ? [] : [entryOf(key, spec, conf)];
    })
  );
  return [...all, ...ofProfiles];
}

/** A default is kept as it would be written; values that are set are shown without quotes. */
function unquoted(value: string): string {
  return value.replace(/"([^"]*)"/g, "$1");
}

function entryOf(key: string, spec: KeySpec, conf: Conf): ConfigEntry {
  return { key, value: valueOf(spec, conf), from: `${conf.at.file}:${conf.at.line}` };
}

function valueOf({ path, type }: KeySpec, conf: Conf): string {
  if (conf.kind === "unset") return "a variable that is not set";
  if (type === "int or map" && conf.kind === "object") {
    return [...conf.fields].map(([name, each]) => `${name} = ${each.kind === "text" ? each.text : "…"}`).join(", ");
  }
  if (type === "map" && conf.kind === "object") return `names: ${[...conf.fields.keys()].join(", ")}`;
  if (!plainTypes.has(type) && !plainTexts.has(path)) return hidden;
  const texts = conf.kind === "list" ? conf.items : [conf];
  const shown = texts.map((each) => each.kind === "text" ? each.text : "…").join(", ");
  return shortened(withoutCredentials(shown), shownCharactersMax);
}

/** `zk://user:password@host` and the like. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/,\s]*@/g, "//…@");
}
