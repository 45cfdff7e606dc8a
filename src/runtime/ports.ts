// Makes the real ports out of a configuration. Not here: using them (framework.ts).
// Called by cli/; the one place where edges meet.

import type { Config } from "../config/config.ts";
import type { TaskLaunch } from "../core/effect.ts";
import { mastersAsWritten } from "../config/connections.ts";
import { OperatorError } from "../errors.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../gocd/http_api.ts";
import { registrationEnvironment } from "../gocd/registration.ts";
import { createHttpScheduler, type HttpScheduler } from "../mesos/http_scheduler.ts";
import { openSqliteStore } from "../store/sqlite_store.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";

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
export function openGocd(config: Config, clock: Clock): HttpGocdApi {
  return createHttpGocdApi(config.gocd, { nowMs: () => clock.nowMs() });
}

/**
 * The Mesos cluster of a configuration; `config` is asked at each launch, so that a reload reaches new containers.
 * `connected`: the one whose master is meant, where that is not the present one.
 */
export function openMesos(config: () => Config, clock: Clock, connected: Config = config()): HttpScheduler {
  return createHttpScheduler({
    connection: { ...connected.mesos, masters: mastersAsWritten(connected.mesos) },
    environmentOf: (launch) => taskEnvironment(config(), launch),
    nowMs: () => clock.nowMs(),
  });
}

/** The state of a configuration. Throws an OperatorError of kind `state`. */
export function openStore(config: Config): Store {
  switch (config.state.kind) {
    case "sqlite":
      return openSqliteStore(config.state.path, { newLineage });
    case "zookeeper":
      throw new OperatorError("state.path names ZooKeeper, and this version keeps its state in a file only", {
        code: "state-zookeeper",
        kind: "usage",
        hint: "set state.path to a file",
      });
    default:
      return config.state satisfies never;
  }
}

/** Variables of one container: what registration needs, then the operator's, which win. Throws when a secret file is gone. */
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
    ...container.env,
    ...Object.fromEntries(
      Object.entries(container.envFiles).map((
        [name, path],
      ) => [name, Deno.readTextFileSync(path).replace(/\r?\n$/, "")]),
    ),
  };
}
