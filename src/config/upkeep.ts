// Reads what a profile says of the upkeep of its agents: how fresh, how many are kept ready, who goes first.

import type { AgentProfile } from "../core/settings.ts";
import { durationMsAt, integerAt, type Reader } from "./reader.ts";

/** The policies of upkeep of a profile whose keys begin with `prefix`. */
export function readUpkeep(reader: Reader, prefix: string): Pick<AgentProfile, "maxJobs" | "maxLifetimeMs"> {
  const maxJobs = integerAt(reader, `${prefix}.max-jobs`);
  const maxLifetimeMs = durationMsAt(reader, `${prefix}.max-lifetime`);
  return {
    ...(maxJobs === undefined ? {} : { maxJobs }),
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
  };
}
