// Records that the program cannot know to be of one of its agents.

import { nameOf } from "../../src/core/identity/hostnames.ts";
import { parseTaskId } from "../../src/core/identity/task_id.ts";
import { isNamelessName } from "./scenario_names.ts";
import type { World } from "./world_state.ts";

/**
 * An agent that ends before it was identified by its address leaves a record with an unknown owner; so does one that was
 * disabled while it was Pending, and kept Docker's name, once an older state was restored.
 */
export function isUntold({ scenario, watch, gocd }: World, uuid: string): boolean {
  if (!watch.ourUuids.has(uuid) || watch.learnt.has(uuid)) return false;
  if (isNamelessName(scenario.names)) return true;
  const record = gocd.agents().find((each) => each.uuid === uuid);
  return record?.configState === "Disabled" && parseTaskId(nameOf(record)) === undefined;
}
