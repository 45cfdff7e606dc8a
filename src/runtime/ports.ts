// Creates the real ports from a configuration.

import type { Config } from "../config/config.ts";
import type { TaskLaunch } from "../core/effect.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../gocd/http_api.ts";
import { withoutNaming } from "../core/identity/agent_naming.ts";
import { registrationEnvironment } from "../gocd/registration.ts";
import { createHttpScheduler, type HttpScheduler } from "../mesos/http_scheduler.ts";
import { type DurableState, durableState } from "../store/open.ts";
import type { ZookeeperAddress } from "../net/addresses.ts";
// Only its types: it is only loaded for zk://.
import type { ElectionOptions } from "../store/zookeeper_election.ts";
import { realClock } from "./clock.ts";
import { elapsedCounter } from "./elapsed.ts";
import { hostnameOf } from "./identity.ts";
import type { Machine } from "./machine.ts";
import { configRedactor } from "./redaction.ts";

/** Characters of a lineage, see core/record.ts. */
const lineageAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Six random characters: a new store never repeats a task id of an old one. */
export function newLineage(): string {
  return [...crypto.getRandomValues(new Uint32Array(6))]
    .map((number) => lineageAlphabet[number % lineageAlphabet.length] ?? "a").join("");
}

/** A number in [0, 1). */
export function randomNumber(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

/** The GoCD server of a configuration. */
export function openGocd(config: Config, machine: Machine): HttpGocdApi {
  const { fetch, deadline } = machine;
  return createHttpGocdApi(config.gocd, {
    nowMs: () => machine.nowMs(),
    ...(fetch === undefined ? {} : { fetch }),
    ...(deadline === undefined ? {} : { deadline }),
  });
}

/**
 * The Mesos cluster of a configuration; `config` is called at each launch, so that a reload applies to new containers.
 * `connected`: the one whose master is used, if that is not the current one.
 */
export function openMesos(config: () => Config, machine: Machine, connected: Config = config()): HttpScheduler {
  const { fetch, setTimer, portProbe } = machine;
  return createHttpScheduler({
    connection: connected.mesos,
    environmentOf: (launch) => taskEnvironment(config(), launch),
    redact: configRedactor(config),
    nowMs: () => machine.nowMs(),
    ...(fetch === undefined ? {} : { fetch }),
    ...(setTimer === undefined ? {} : { setTimer }),
    ...(portProbe === undefined ? {} : { portProbe }),
  });
}

/**
 * The session timeout requested from ZooKeeper, after which another instance may lead; the server may grant another.
 */
const sessionTimeoutMs = 10_000;
const idCharacters = 16;

/** How one instance takes part in the election of those that share a state. */
export function instanceOptions(config: Config): Omit<ElectionOptions, keyof ZookeeperAddress> {
  const host = config.http.advertise ?? hostnameOf(config);
  return {
    sessionTimeoutMs,
    clock: { elapsedMs: elapsedCounter(), sleep: realClock.sleep },
    name: host === undefined ? `process ${Deno.pid}` : `${host} (process ${Deno.pid})`,
    id: crypto.randomUUID().replaceAll("-", "").slice(0, idCharacters),
  };
}

/** The state of a configuration. */
export function stateOf(config: Config): DurableState {
  return durableState(config.state, { newLineage, instance: () => instanceOptions(config) });
}

/**
 * Environment variables of one container: those for registration, then the operator's, which take precedence except for
 * the agent's name. Throws if a secret file is gone.
 */
export function taskEnvironment(config: Config, launch: TaskLaunch): Record<string, string> {
  const { container } = launch.profile;
  return {
    ...registrationEnvironment({
      agentUrl: config.gocd.agentUrl,
      ...(config.gocd.autoRegisterKey === undefined ? {} : { autoRegisterKey: config.gocd.autoRegisterKey.reveal() }),
      taskId: launch.taskId,
      gocdResources: launch.gocdResources,
      ...(launch.environment === undefined ? {} : { environment: launch.environment }),
    }),
    ...withoutNaming(container.env),
    ...Object.fromEntries(
      Object.entries(withoutNaming(container.envFiles)).map((
        [name, path],
      ) => [name, Deno.readTextFileSync(path).replace(/\r?\n$/, "")]),
    ),
  };
}
