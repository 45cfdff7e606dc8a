// THE table of the keys of framework.conf. Released names never change.

import { agentKeys } from "./keys_agents.ts";
import { connectionKeys } from "./keys_connections.ts";
import { anyWebhook, notifyKeys } from "./keys_notify.ts";
import { runningKeys } from "./keys_running.ts";

/** What may be written as the value of a key. Every number, duration and boolean may also be a text in quotes. */
export type KeyType =
  | "text"
  /** A text that is never shown. */
  | "secret"
  /** A path, relative to the folder of framework.conf. */
  | "path"
  | "boolean"
  | "int"
  | "number"
  /** A number with a unit: `500 ms`, `30 seconds`, `2 minutes`, `7 days`. */
  | "duration"
  /** `512 MB`, `1.5 GB`; a bare number is MB. */
  | "memory"
  /** One of `words`. */
  | "word"
  /** A list of names; one text with commas is split. */
  | "names"
  /** The same, or `"*"`. */
  | "names or *"
  /** A list of texts; one text is a list of one. */
  | "texts"
  /** An object of texts. */
  | "map"
  /** A whole number, or an object of them. */
  | "int or map"
  /** A whole number, or a share: `25%`. */
  | "headroom"
  | "schedules"
  | "volumes"
  | "port-mappings"
  | "docker-parameters"
  | "uris"
  | "constraints"
  | "network";

/** One row of the table. */
export interface KeySpec {
  /**
   * Dotted, below `gocd-mesos`. A key of `go-agent` is also one of each profile, except where `isGoAgentOnly`; `NAME`
   * stands for the name of a webhook.
   */
  readonly path: string;
  /** What may be written. */
  readonly type: KeyType;
  /** As it would be written; absent: the key is off or required, which `doc` says. */
  readonly default?: string;
  /** One or two sentences for the operator. */
  readonly doc: string;
  /** A value as it would be written. */
  readonly example: string;
  /** The words of a `word`. */
  readonly words?: readonly string[];
  /** Smallest and largest value: ms for a duration, MB for memory. */
  readonly min?: number;
  /** See `min`. */
  readonly max?: number;
  /** A key of `go-agent` that a profile cannot have. */
  readonly isGoAgentOnly?: boolean;
}

/** The object of framework.conf that all keys are in. */
export const rootKey = "gocd-mesos";

/** All keys, in the order of framework.conf.example. */
export const keys: readonly KeySpec[] = [...connectionKeys, ...agentKeys, ...runningKeys, ...notifyKeys];

const byPath: ReadonlyMap<string, KeySpec> = new Map(keys.map((spec) => [spec.path, spec]));

/** Every beginning of a path that a dot follows. */
const sections: ReadonlySet<string> = new Set(
  keys.flatMap(({ path }) =>
    path.split(".").slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join("."))
  ),
);

const ofWebhook = /^notify\.webhooks\.[^.]+(?=$|\.)/;

/**
 * The row of a key, of the key of a profile (`profiles.x.cpus`), or of a webhook (`notify.webhooks.x.url`); `undefined`
 * if there is none.
 */
export function keySpec(path: string): KeySpec | undefined {
  if (ofWebhook.test(path)) return byPath.get(path.replace(ofWebhook, `notify.webhooks.${anyWebhook}`));
  const ofProfile = /^profiles\.[^.]+\.(.+)$/.exec(path)?.[1];
  if (ofProfile === undefined) return byPath.get(path);
  const spec = byPath.get(`go-agent.${ofProfile}`);
  return spec?.isGoAgentOnly === true ? undefined : spec;
}

/** Whether the path is an object that holds keys. */
export function isSection(path: string): boolean {
  if (path === "profiles" || /^profiles\.[^.]+$/.test(path)) return true;
  if (ofWebhook.exec(path)?.[0] === path) return true;
  return sections.has(path);
}
