// The candidates for the leading master, in the order to try them.

import type { HostCheck } from "../net/allowed_hosts.ts";
import { type HostPort, hostPortText, type HttpAddress, type Masters } from "../net/addresses.ts";
import type { SetTimer } from "../net/timer.ts";

/** Finds candidates for the leader. */
export interface LeaderFinder {
  /** At least one, most likely first; throws `MesosError`, at the latest when any of the signals is aborted. */
  candidates(signals: readonly AbortSignal[]): Promise<readonly HttpAddress[]>;
  /** This master leads: try it first next time. */
  answered(master: HttpAddress): void;
  /** This master failed: try it last next time. */
  failed(master: HttpAddress): void;
  /**
   * Calls back with `host:port` when a master other than the last candidate is known to lead; returns a function that
   * ends this. Without ZooKeeper this never happens.
   */
  onOtherLeader(listener: (leader: string) => void): () => void;
  /** Whether ZooKeeper has named this host as the leader: a redirect may lead to it. Without ZooKeeper none is. */
  hasNamed(host: HostPort): boolean;
  /** Releases all resources. */
  close(): void;
}

/** What a finder is made from. */
export interface LeaderFinderOptions {
  /** `mesos-master`. */
  readonly masters: Masters;
  /** Hosts that ZooKeeper may name. */
  readonly isAllowed: HostCheck;
  /** Time limits. */
  readonly setTimer: SetTimer;
  /** ZooKeeper does not show whether masters use TLS: assumed if the operator configures certificate authorities. */
  readonly hasTls: boolean;
}

/** Creates the finder for `mesos-master`. */
export function createLeaderFinder(options: LeaderFinderOptions): LeaderFinder {
  return options.masters.kind === "static"
    ? createStaticFinder(options.masters.addresses)
    : createLazyZookeeperFinder(options.masters, options);
}

/** For a fixed list: the one that responded last first, those that failed last. */
export function createStaticFinder(addresses: readonly HttpAddress[]): LeaderFinder {
  let order = [...addresses];
  const without = (master: HostPort): HttpAddress[] =>
    order.filter((address) => hostPortText(address) !== hostPortText(master));
  const found = (master: HostPort): HttpAddress[] =>
    order.filter((address) => hostPortText(address) === hostPortText(master));
  return {
    candidates: () => Promise.resolve(order),
    answered(master): void {
      order = [...found(master), ...without(master)];
    },
    failed(master): void {
      order = [...without(master), ...found(master)];
    },
    onOtherLeader: () => () => {},
    hasNamed: () => false,
    close: () => {},
  };
}

// The ZooKeeper client is loaded at the first request, so that its cost and permissions are only needed if used.
function createLazyZookeeperFinder(
  masters: Extract<Masters, { readonly kind: "zookeeper" }>,
  options: LeaderFinderOptions,
): LeaderFinder {
  let finder: LeaderFinder | undefined;
  let closed = false;
  return {
    async candidates(signals): Promise<readonly HttpAddress[]> {
      if (finder === undefined) {
        const { createZookeeperFinder } = await import("./zookeeper_leader.ts");
        finder ??= createZookeeperFinder(masters, options);
        if (closed) finder.close();
      }
      return await finder.candidates(signals);
    },
    answered: (master) => finder?.answered(master),
    failed: (master) => finder?.failed(master),
    onOtherLeader: (listener) => finder?.onOtherLeader(listener) ?? (() => {}),
    hasNamed: (host) => finder?.hasNamed(host) ?? false,
    close(): void {
      closed = true;
      finder?.close();
    },
  };
}
