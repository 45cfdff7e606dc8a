// A leader finder for tests.

import type { MesosError, MesosErrorReason } from "../../src/mesos/api.ts";
import { createLeaderFinder, type LeaderFinder, type LeaderFinderOptions } from "../../src/mesos/leader.ts";
import { mastersAt } from "./addresses.ts";
import { realTimer, type SetTimer } from "../../src/net/timer.ts";
import { mesosError } from "./scripted_master.ts";

/** Timeouts are four times as short: still long for a server on loopback. */
export const fastTimer: SetTimer = (callback, ms) => realTimer(callback, ms / 4);

/** A leader finder and its queries. */
export interface TestFinder extends Disposable {
  readonly finder: LeaderFinder;
  /** `host:port` of the leader. */
  leader(): Promise<string>;
  fails(reason: MesosErrorReason): Promise<MesosError>;
  /** Resolves with the next leader that differs from the last one. */
  otherLeader(): Promise<string>;
}

/** A finder for these masters with short timeouts. */
export function finderAt(masters: string, options: Partial<LeaderFinderOptions> = {}): TestFinder {
  const finder = createLeaderFinder({
    masters: mastersAt(masters),
    isAllowed: () => true,
    setTimer: fastTimer,
    hasTls: false,
    ...options,
  });
  const leader = async (): Promise<string> => {
    const [master] = await finder.candidates([]);
    return `${master?.scheme}://${master?.host}:${master?.port}`;
  };
  return {
    finder,
    leader,
    fails: (reason) => mesosError(leader(), reason),
    otherLeader: () =>
      new Promise((resolve) => {
        const stop = finder.onOtherLeader((leader) => {
          stop();
          resolve(leader);
        });
      }),
    [Symbol.dispose]: () => finder.close(),
  };
}
