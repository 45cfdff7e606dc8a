// Ports that follow the current configuration, so that a reload also applies to the connections.

import type { Config } from "../config/config.ts";
import { type GocdApi, gocdThrough } from "../gocd/api.ts";
import type { HttpGocdApi } from "../gocd/http_api.ts";
import type { MesosApi } from "../mesos/api.ts";
import type { HttpScheduler } from "../mesos/http_scheduler.ts";
import { isSame } from "./comparable.ts";
import type { Machine } from "./machine.ts";
import { openGocd, openMesos } from "./ports.ts";

/** Both servers, according to the current configuration. */
export interface LivePorts {
  readonly gocd: GocdApi;
  readonly mesos: MesosApi;
  /** The current configuration. */
  config(): Config;
  /**
   * Applies another configuration. If creating its ports throws, the old one stays. If the connection to Mesos has
   * changed, its session ends and the next one uses the new configuration.
   */
  use(next: Config): void;
  close(): void;
}

/** Creates the ports. Throws an OperatorError of kind `usage`. */
export function openLivePorts(first: Config, machine: Machine): LivePorts {
  let current = first;
  let gocd: HttpGocdApi = openGocd(first, machine);
  let mesos: HttpScheduler = openMesos(() => current, machine);
  /** A call may still be using it. */
  let formerGocd: HttpGocdApi | undefined;
  return {
    gocd: gocdThrough((signal, call) => call(gocd, signal)),
    mesos: {
      subscribe: (identity, frameworkId, signal) => mesos.subscribe(identity, frameworkId, signal),
      probe: (signal) => mesos.probe(signal),
      frameworksNamed: (name, signal) => mesos.frameworksNamed(name, signal),
      readStderr: (request, signal) => mesos.readStderr(request, signal),
    },
    config: () => current,
    use: (next) => {
      const nextGocd = isSame(current.gocd, next.gocd) ? undefined : openGocd(next, machine);
      const nextMesos = isSame(mesosConnection(current), mesosConnection(next))
        ? undefined
        : openMesos(() => current, machine, next);
      current = next;
      if (nextGocd !== undefined) {
        formerGocd?.close();
        formerGocd = gocd;
        gocd = nextGocd;
      }
      if (nextMesos !== undefined) {
        const former = mesos;
        mesos = nextMesos;
        former.close();
      }
    },
    close: () => {
      formerGocd?.close();
      gocd.close();
      mesos.close();
    },
  };
}

function mesosConnection({ mesos }: Config): unknown {
  const { masters, allowedHosts, credentials, caCerts } = mesos;
  return { masters, allowedHosts, credentials, caCerts };
}
