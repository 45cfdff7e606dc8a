// Pieces of situations, in short.

import type { SimForeignAgent } from "../../src/sim/gocd/sim_gocd.ts";
import { second } from "../support/core.ts";
import type { Situation } from "../support/situation.ts";

export { linux, offer } from "../support/core.ts";

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
