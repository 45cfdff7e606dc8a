// Before the first SUBSCRIBE with a new state: are there agents of an earlier run whose state was lost?

import type { Config } from "../config/config.ts";
import { formerAgents, formerFrameworks, isUnregistered, type Orphans } from "../core/identity/orphans.ts";
import { orphansText } from "../core/words/orphans.ts";
import type { GocdAgent } from "../core/gocd_records.ts";
import type { StoredState } from "../core/record.ts";
import type { GocdApi } from "../gocd/api.ts";
import { type MesosApi, MesosError } from "../mesos/api.ts";
import type { Clock } from "./clock.ts";
import { stateOf } from "./ports.ts";

/** How long to wait for the GoCD server if the master shows that nothing of ours exists. */
const gocdMsMax = 5_000;

/** The options of the search for orphans. */
export interface EarlierLifeOptions {
  readonly gocd: Pick<GocdApi, "readAgents">;
  readonly mesos: Pick<MesosApi, "frameworksNamed">;
  readonly clock: Clock;
  readonly config: () => Config;
  readonly state: () => Pick<StoredState, "framework">;
}

/** The dependencies of the check. */
export interface FirstRegistrationOptions extends EarlierLifeOptions {
  readonly mesos: MesosApi;
  /** Something exists: the program ends with this message. */
  readonly refuse: (message: string, hint: string) => void;
}

/**
 * The Mesos port, except that before a SUBSCRIBE with a state that was never registered, master and GoCD server are
 * asked first; if agents of ours are alive, it is not sent. If the master cannot be reached, it fails as it would
 * itself; a master that denies access counts as having nothing of ours, but then the GoCD server must respond.
 */
export function watchFirstRegistration(options: FirstRegistrationOptions): Pick<MesosApi, "subscribe"> {
  const { mesos } = options;
  let isClear = false;
  return {
    subscribe: async (identity, frameworkId, signal) => {
      if (!isClear && frameworkId === undefined) {
        const refusal = await earlierLifeRefusal(options, signal);
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

/** Why a state must not be registered; nothing if it is registered, or if there are no orphans. */
export async function earlierLifeRefusal(
  options: EarlierLifeOptions,
  signal: AbortSignal,
): Promise<ReturnType<typeof orphansText>> {
  if (!isUnregistered(options.state())) return undefined;
  const config = options.config();
  const life = await lookForEarlierLife(options, signal);
  return orphansText(life, { place: stateOf(config).place, configPath: config.path });
}

/** The data of both servers. */
async function lookForEarlierLife(
  { gocd, mesos, clock, config, state }: EarlierLifeOptions,
  signal: AbortSignal,
): Promise<Orphans> {
  const { settings } = config();
  const seen = await mesos.frameworksNamed(settings.frameworkName, signal);
  const frameworks = formerFrameworks(settings, seen ?? []);
  const gocdAgents = seen === undefined ? await gocd.readAgents(signal) : await readSoon(gocd, clock, signal);
  return { frameworks, gocdAgents: formerAgents(settings, state().framework.lineage, gocdAgents) };
}

/** The agents, if the server responds soon. */
async function readSoon(
  gocd: EarlierLifeOptions["gocd"],
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly GocdAgent[]> {
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
