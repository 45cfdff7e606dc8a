// What another configuration would change, in terms of framework.conf. Shows only numbers and booleans: a text may be a
// secret.

import type { Config } from "../config/config.ts";
import type { AgentProfile } from "../core/settings.ts";
import { comparable } from "../runtime/comparable.ts";

/** Maximum number of changes listed: people read this. */
const changesMax = 20;

/**
 * One text per changed key, such as `poller.interval 120 s → 5 s` or `go-server.password`; empty if nothing differs.
 */
export function configChanges(before: Config, after: Config): readonly string[] {
  const old = leavesOf(before);
  const now = leavesOf(after);
  const changes = [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key) => {
    const [from, to] = [old.get(key), now.get(key)];
    return from?.compared === to?.compared ? [] : [changeText(key, from, to)];
  });
  const rest = changes.length - changesMax;
  return rest <= 0 ? changes : [...changes.slice(0, changesMax), `and ${rest} more`];
}

interface Leaf {
  /** For comparison only. */
  readonly compared: string;
  /** Absent if the value must not be shown. */
  readonly shown?: string;
}

function changeText(key: string, from: Leaf | undefined, to: Leaf | undefined): string {
  if (to === undefined) return `${key} removed`;
  if (from === undefined) return to.shown === undefined ? `${key} added` : `${key} ${to.shown} added`;
  return from.shown === undefined || to.shown === undefined ? key : `${key} ${from.shown} → ${to.shown}`;
}

function leavesOf(config: Config): Map<string, Leaf> {
  const { masters, credentials: mesosLogin, ...mesos } = config.mesos;
  const { autoRegisterKey, credentials: gocdLogin, ...gocd } = config.gocd;
  const leaves = new Map<string, Leaf>();
  addLeaf(leaves, "mesos-master", masters);
  addLeaf(leaves, "go-agent.auto-register-key", autoRegisterKey);
  addLeaves(leaves, "go-server", { ...gocd, ...gocdLogin, kind: undefined });
  addLeaves(leaves, "mesos", { ...mesos, ...mesosLogin, kind: undefined });
  addLeaves(leaves, "poller", config.settings.poller);
  addLeaves(leaves, "scaling", config.settings.scaling);
  addLeaf(leaves, "state.path", config.state);
  const { bytesMax, ...history } = config.history;
  addLeaves(leaves, "history", { ...history, maxSize: `${Math.round(bytesMax / 2 ** 20)} MB` });
  addLeaves(leaves, "http", config.http);
  addLeaves(leaves, "log", config.log);
  const { webhooks, ...notify } = config.notify;
  addLeaves(leaves, "notify", notify);
  for (const { name, address: _, caCerts: [caFile], ...webhook } of webhooks) {
    addLeaves(leaves, `notify.webhooks.${name}`, { ...webhook, caFile });
  }
  for (const profile of config.settings.profiles) addLeaves(leaves, `profile ${profile.name}:`, profileKeys(profile));
  return leaves;
}

function profileKeys({ name: _, hash: __, container, mesosResources, ...profile }: AgentProfile): object {
  const { gocdResources: resources, ...rest } = profile;
  const { image: dockerImage, arguments: args, ...more } = container;
  const { cpusMilli, memMbMilli, diskMbMilli, gpus, portsCount: ports } = mesosResources;
  const amounts = { cpus: cpusMilli / 1000, mem: memMbMilli / 1000, disk: diskMbMilli / 1000, gpus, ports };
  return { ...rest, ...more, ...amounts, resources, dockerImage, arguments: args };
}

function addLeaves(leaves: Map<string, Leaf>, section: string, values: object): void {
  const join = section.endsWith(":") ? " " : ".";
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) addLeaf(leaves, `${section}${join}${keyName(name)}`, value, name.endsWith("Ms"));
  }
}

function addLeaf(leaves: Map<string, Leaf>, key: string, value: unknown, isDuration = false): void {
  const compared = comparable(value);
  if (typeof value === "number") {
    leaves.set(key, { compared, shown: isDuration ? exactDuration(value) : String(value) });
  } else if (typeof value === "boolean") {
    leaves.set(key, { compared, shown: value ? "on" : "off" });
  } else {
    leaves.set(key, { compared });
  }
}

/** `killGraceMs` → `kill-grace`. */
function keyName(name: string): string {
  return name.replace(/(Ms|Mb)$/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const units = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]] as const;

/** In the largest unit that gives a whole number. */
function exactDuration(ms: number): string {
  const unit = units.find(([size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms} ms` : `${ms / unit[0]} ${unit[1]}`;
}
