// Short forms to arrange situations.

import type { SimForeignAgent } from "../../src/sim/gocd/sim_gocd.ts";
import { linux, offer, second } from "../support/core.ts";
import type { Situation, SituationOptions } from "../support/situation.ts";

export { linux, offer };

/** A person's agent with the resource linux; its uuid is `uuid-HOSTNAME`. */
export function foreign(hostname: string, changes: Partial<SimForeignAgent> = {}): SimForeignAgent {
  return { uuid: `uuid-${hostname}`, hostname, gocdResources: ["linux"], ...changes };
}

/** A job of an elastic profile waits. */
export function elasticUses(profile: string): (its: Situation) => Promise<string> {
  return async (its) => {
    const locator = its.schedule({ elasticProfile: profile, gocdResources: [] });
    await its.pass(30 * second);
    return locator;
  };
}

/** A job whose agent has just been launched on the host h1. */
export async function launched(its: Situation): Promise<{ readonly locator: string; readonly taskId: string }> {
  const locator = its.schedule();
  await its.pass(15 * second);
  its.world.offers(offer("h1"));
  const [taskId = ""] = its.world.state.instances.keys();
  return { locator, taskId };
}

/** A cause for which a job waits, and how it comes about. */
export interface Cause {
  /** Of the transcript. */
  readonly name: string;
  /** In words. */
  readonly title: string;
  readonly options?: SituationOptions;
  /** Returns the locator of the job that is explained. */
  readonly arrange: (its: Situation) => Promise<string>;
  /** The verdict and its reason, as two words. */
  readonly verdict: string;
  /** Whether anything is to be launched; default no. */
  readonly launches?: boolean;
}

/** Options with a profile that serves everything. */
export const everything = { profiles: [{ ...linux, gocdResources: "*", environments: "*" }] } as const;
