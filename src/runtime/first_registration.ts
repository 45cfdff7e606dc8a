// Before the first SUBSCRIBE with a new state: are there agents of an earlier run whose state was lost?

import type { Config } from "../config/config.ts";
import { formerAgents, formerFrameworks, isUnregistered, type Orphans, refusalOf } from "../core/identity/orphans.ts";
import type { GocdAgent } from "../core/gocd_records.ts";
import type { State } from "../core/state.ts";
import type { GocdApi } from "../gocd/api.ts";
import { type MesosApi, MesosError } from "../mesos/api.ts";
import type { Clock } from "./clock.ts";
import { stateOf } from "./ports.ts";

/** A GoCD server that does not answer holds nothing up for longer, where the master shows that nothing of ours is there. */
const gocdMsMax = 5_000;

/** What the look needs. */
export interface FirstRegistrationOptions {
  readonly gocd: GocdApi;
  readonly mesos: MesosApi;
  readonly clock: Clock;
  readonly config: () => Config;
  readonly state: () => State;
  /** Something is there: the program ends with these words. */
  readonly refuse: (message: string, hint: string) => void;
}

/**
 * The Mesos cluster, but for a SUBSCRIBE of a state that has never registered: master and GoCD server are asked first,
 * and where agents of ours live already it is not sent. A master that cannot be asked makes it fail as it would itself;
 * one that does not let us see it counts as one that has nothing of ours, but then the GoCD server must be seen.
 */
export function watchFirstRegistration(options: FirstRegistrationOptions): Pick<MesosApi, "subscribe"> {
  const { mesos, config, state } = options;
  let isClear = false;
  return {
    subscribe: async (identity, frameworkId, signal) => {
      if (!isClear && frameworkId === undefined && isUnregistered(state())) {
        const life = await lookForEarlierLife(options, signal);
        const refusal = refusalOf(life, { place: stateOf(config()).place, configPath: config().path });
        if (refusal !== undefined) {
          options.refuse(refusal.message, refusal.hint);
          throw new MesosError("refused", refusal.message, refusal.hint);
        }
        isClear = true;
      }
      return await mesos.subscribe(identity, frameworkId, signal);
    },
  };
}

/** What both servers show. */
async function lookForEarlierLife(
  { gocd, mesos, clock, config, state }: FirstRegistrationOptions,
  signal: AbortSignal,
): Promise<Orphans> {
  const { settings } = config();
  const seen = await mesos.frameworksNamed(settings.frameworkName, signal);
  const frameworks = formerFrameworks(settings, seen ?? []);
  const gocdAgents = seen === undefined ? await gocd.readAgents(signal) : await readSoon(gocd, clock, signal);
  return { frameworks, gocdAgents: formerAgents(settings, state().framework.lineage, gocdAgents) };
}

/** The agents, if they can be had soon. */
async function readSoon(gocd: GocdApi, clock: Clock, signal: AbortSignal): Promise<readonly GocdAgent[]> {
  const limit = new AbortController();
  const both = AbortSignal.any([signal, limit.signal]);
  try {
    return await Promise.race([
      gocd.readAgents(both).catch(() => []),
      clock.sleep(gocdMsMax, both).then(() => []),
    ]);
  } finally {
    limit.abort();
  }
}
