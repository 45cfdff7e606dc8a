// Reads the settings for the upkeep of a profile's agents: their age, how many are kept ready, which are removed first.

import type { AgentProfile } from "../core/settings.ts";
import { booleanAt, durationMsAt, find, integerAt, type Reader, wordAt } from "./reader.ts";
import { schedulesAt } from "./schedules.ts";
import { checkIdle, headroomIn, minIdleIn } from "./upkeep_values.ts";

/** The fields of a profile that are read here. */
export type Upkeep = Pick<
  AgentProfile,
  | "minIdle"
  | "minIdleOf"
  | "headroom"
  | "schedules"
  | "maxJobs"
  | "maxLifetimeMs"
  | "scaleIn"
  | "keepsWorkspaces"
  | "keepPeakForMs"
>;

/** The upkeep policies of a profile whose keys start with `prefix`. */
export function readUpkeep(
  reader: Reader,
  prefix: string,
  profile: Pick<AgentProfile, "maxAgents" | "environments">,
): Upkeep {
  const minIdle = find(reader, `${prefix}.min-idle`);
  const idle = minIdle === undefined ? { minIdle: 0 } : minIdleIn(reader, minIdle);
  checkIdle(reader, minIdle ?? { key: `${prefix}.min-idle` }, { ...profile, ...idle });
  const found = find(reader, `${prefix}.headroom`);
  const headroom = found === undefined ? undefined : headroomIn(reader, found);
  const schedules = schedulesAt(reader, `${prefix}.schedules`, profile);
  const maxJobs = integerAt(reader, `${prefix}.max-jobs`);
  const maxLifetimeMs = durationMsAt(reader, `${prefix}.max-lifetime`);
  const scaleIn = wordAt(reader, `${prefix}.scale-in`);
  const keepPeakForMs = durationMsAt(reader, `${prefix}.keep-peak-for`);
  return {
    ...idle,
    ...(headroom === undefined ? {} : { headroom }),
    ...(schedules === undefined ? {} : { schedules }),
    ...(maxJobs === undefined ? {} : { maxJobs }),
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
    ...(scaleIn === "pack" || scaleIn === "spread" ? { scaleIn } : {}),
    ...(booleanAt(reader, `${prefix}.keep-workspaces`) ? { keepsWorkspaces: true } : {}),
    ...(keepPeakForMs === undefined || keepPeakForMs === 0 ? {} : { keepPeakForMs }),
  };
}
